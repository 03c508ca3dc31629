import Foundation
import TestKit

/// A real Prometheus that remembers a week.
struct History {
    let program: RunningProgram

    /// - Parameters:
    ///   - samples: of one series, minutes before now and values, oldest first.
    ///   - scraping: the port of a service that it looks at every second from now on.
    init(
        at port: Int, in folder: URL, _ series: String, _ samples: [(minutesAgo: Int, value: Double)], scraping: Int
    ) async throws {
        let now = Int(Date().timeIntervalSince1970)
        let name = series.prefix { $0 != "{" }
        let lines = samples.map { "\(series) \($0.value) \(now - $0.minutesAgo * 60)\n" }
        let file = folder.appending(path: "history.txt")
        try ("# TYPE \(name) gauge\n" + lines.joined() + "# EOF\n").write(to: file, atomically: true, encoding: .utf8)
        let data = folder.appending(path: "history").path
        try await Command.require("/usr/bin/promtool", ["tsdb", "create-blocks-from", "openmetrics", file.path, data])
        let configuration = folder.appending(path: "history.yml")
        try """
        scrape_configs:
          - {job_name: plimsoll, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: ['127.0.0.1:\(scraping)']}]}
        """.write(to: configuration, atomically: true, encoding: .utf8)
        program = try RunningProgram(
            "/usr/bin/prometheus",
            [
                "--config.file=\(configuration.path)", "--storage.tsdb.path=\(data)",
                "--web.listen-address=127.0.0.1:\(port)",
            ], log: folder.appending(path: "history.log"))
    }
}
