"""Each fault that ops/check-dashboards promises to find is found. Run: python3 -m unittest discover -s Tests/Ops"""
import contextlib
import copy
import http.server
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import sys
import tempfile
import threading
import unittest
import urllib.parse

sys.dont_write_bytecode = True
PATH = pathlib.Path(__file__).resolve().parents[2] / "ops/check-dashboards"
LOADER = importlib.machinery.SourceFileLoader("check_dashboards", str(PATH))
check = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_dashboards", LOADER))
LOADER.exec_module(check)

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SOUND = {
    "id": None, "uid": "a-board", "title": "A board", "description": "For tests.", "tags": ["test"], "schemaVersion": 39,
    "version": 1, "editable": False, "time": {"from": "now-1h", "to": "now"}, "timezone": "browser", "refresh": "10s",
    "templating": {"list": [
        {"name": "datasource", "type": "datasource"}, {"name": "service", "type": "query", "allValue": ".+"}]},
    "panels": [
        {"id": 1, "type": "row", "title": "Row", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}},
        {"id": 2, "type": "timeseries", "title": "Left", "description": "What it is.", "datasource": SOURCE,
         "gridPos": {"x": 0, "y": 1, "w": 12, "h": 8}, "fieldConfig": {"defaults": {"unit": "short"}},
         "targets": [{"refId": "A", "datasource": SOURCE, "legendFormat": "{{service}}",
                      "expr": 'sum by (service) (rate(made_total{service=~"$service"}[$__rate_interval]))'}]},
        {"id": 3, "type": "stat", "title": "Right", "description": "What it is.", "datasource": SOURCE,
         "gridPos": {"x": 12, "y": 1, "w": 12, "h": 8}, "fieldConfig": {"defaults": {"unit": "s"}},
         "targets": [{"refId": "A", "datasource": SOURCE, "legendFormat": "now", "expr": "max(made_seconds)"}]},
    ],
}
MADE = {"made_total", "made_seconds"}


def lint(change):
    board = copy.deepcopy(SOUND)
    change(board)
    return check.Linter("b.json", board, MADE).run()


class Lint(unittest.TestCase):
    def test_a_sound_board_has_no_faults(self):
        self.assertEqual(lint(lambda board: None), [])

    def found(self, words, change):
        faults = lint(change)
        self.assertTrue(any(words in fault for fault in faults), f"{words!r} is not in {faults}")

    def test_each_fault_of_the_head_is_found(self):
        self.found("uid", lambda b: b.update(uid="with blank"))
        self.found("id: must be null", lambda b: b.update(id=7))
        self.found("editable", lambda b: b.update(editable=True))
        self.found("schemaVersion", lambda b: b.pop("schemaVersion"))
        for key in ("title", "description", "tags", "time", "refresh", "timezone", "version"):
            self.found(f"{key}: is missing", lambda b, key=key: b.pop(key))
        self.found("no variable datasource", lambda b: b["templating"]["list"].pop(0))
        self.found("is no dashboard", lambda b: b.update(panels="none"))

    def test_each_fault_of_a_panel_is_found(self):
        def panel(**values):
            return lambda b: b["panels"][1].update(values)

        self.found("used twice", panel(id=3))
        self.found("type pie is unknown", panel(type="pie"))
        self.found("has no title", panel(title=""))
        self.found("has no description", panel(description="No full stop"))
        self.found("unit miles is unknown", panel(fieldConfig={"defaults": {"unit": "miles"}}))
        self.found("unit None is unknown", panel(fieldConfig={}))
        self.found("data source is not", panel(datasource={"uid": "prometheus"}))
        self.found("has no query", panel(targets=[]))
        self.found("overlaps", panel(gridPos={"x": 0, "y": 1, "w": 13, "h": 8}))
        self.found("outside of the 24 columns", panel(gridPos={"x": 13, "y": 20, "w": 12, "h": 8}))
        self.found("gridPos of whole numbers", panel(gridPos={"x": "0"}))

    def test_each_fault_of_a_query_is_found(self):
        def query(expression, **values):
            return lambda b: b["panels"][1]["targets"][0].update({"expr": expression, **values})

        self.found("empty query", query(""))
        self.found("unknown variable accunt", query('made_seconds{a="$accunt"}'))
        self.found("made_total is a counter outside of rate", query("sum(made_total)"))
        self.found("no service makes maid_seconds", query("max(maid_seconds)"))
        self.found("refId", query("made_seconds", refId=None))
        self.found("data source is not", query("made_seconds", datasource={}))
        self.assertEqual(lint(query("histogram_quantile(0.9, sum by (le) (rate(made_seconds_bucket[5m])))")), [])


class FakePrometheus(http.server.BaseHTTPRequestHandler):
    """Knows made_total with the label service, made_seconds without any value, and nan_seconds."""

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query).get("query", [""])[0]
        status, data = 200, {"resultType": "vector", "result": []}
        if "label/__name__" in self.path:
            data = ["made_total", "made_seconds", "nan_seconds"]
        elif query.count("(") != query.count(")"):
            status, data = 400, None
        elif "nan_seconds" in query:
            data["result"] = [{"metric": {}, "value": [1, "NaN"]}]
        elif "made_total" in query and 'service=~".+"' in query:
            data["result"] = [{"metric": {"service": "a"}, "value": [1, "2"]}]
        body = json.dumps({"status": "success", "data": data} if data is not None else {"error": "parse error"}).encode()
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Queries(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakePrometheus)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.prometheus = check.Prometheus(f"http://127.0.0.1:{self.server.server_port}/")
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def run_query(self, expression, legend="x"):
        board = copy.deepcopy(SOUND)
        board["panels"] = board["panels"][1:2]
        board["panels"][0]["targets"][0].update(expr=expression, legendFormat=legend)
        names, _ = self.prometheus.get("label/__name__/values")
        return check.run_queries("b.json", board, self.prometheus, set(names))

    def test_a_query_with_an_answer_is_sound_and_variables_are_filled_in(self):
        good = 'sum by (service) (rate(made_total{service=~"$service"}[$__rate_interval]))'
        self.assertEqual(self.run_query(good, "{{service}}"), ([], []))

    def test_faulty_empty_and_unknown_queries_are_found(self):
        self.assertIn("parse error", self.run_query("max(made_seconds")[0][0])
        self.assertIn("the answer is empty", self.run_query("max(made_seconds)")[0][0])
        self.assertIn("nobody reports other_seconds", self.run_query("max(other_seconds)")[0][0])

    def test_a_legend_that_names_an_absent_label_is_found(self):
        faults, _ = self.run_query('rate(made_total{service=~"$service"}[1m])', "{{servic}}")
        self.assertIn("the legend names servic", faults[0])

    def test_nothing_measured_lately_is_a_note(self):
        faults, notes = self.run_query("max(nan_seconds)")
        self.assertEqual(faults, [])
        self.assertIn("nothing was measured lately", notes[0])

    def test_no_prometheus_is_a_fault(self):
        _, problem = check.Prometheus("http://127.0.0.1:9").get("query", query="up")
        self.assertTrue(problem)


class Program(unittest.TestCase):
    def run_on(self, files, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                (pathlib.Path(folder) / name).write_text(text, encoding="utf-8")
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                status = check.main([folder, *arguments])
        return status, output.getvalue()

    def test_no_dashboards_bad_json_and_a_uid_used_twice_fail(self):
        self.assertEqual(self.run_on({})[0], 1)
        self.assertIn("is not JSON", self.run_on({"a.json": "{"})[1])
        text = json.dumps(SOUND)
        self.assertIn("its uid is used twice", self.run_on({"a.json": text, "b.json": text})[1])

    def test_an_absent_prometheus_fails(self):
        status, output = self.run_on({"a.json": json.dumps(SOUND)}, "--prometheus", "http://127.0.0.1:9")
        self.assertEqual(status, 1)
        self.assertIn("127.0.0.1:9", output)


if __name__ == "__main__":
    unittest.main()
