import AlertingCore
import Domain
import ServiceKit

/// Silences: what is muted until when and by whom; a new one shows what it mutes before it does.
struct SilencesPage: Sendable {
    private static let shownMax = 100
    /// In minutes, with words.
    private static let lengths = [
        (30, "30 minutes"), (60, "1 hour"), (120, "2 hours"), (240, "4 hours"), (480, "8 hours"), (1440, "1 day"),
        (4320, "3 days"), (10_080, "1 week"),
    ]

    let desk: AlertDesk
    let clock: any WallClock

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/silences", "Silences", on: api) { _, _ in await list() }
        router.get("/ui/silences/new", "New silence", on: api) { _, query in
            await form(query, matchers: query["alert"].isEmpty ? query["matchers"] : await labels(query["alert"]))
        }
        router.post("/ui/silences/new", "New silence", on: api) { visitor, form in
            guard form["action"] == "create" else { return await self.form(form, matchers: form["matchers"]) }
            return await create(form, by: visitor)
        }
        router.post("/ui/silences/expire", "End a silence", on: api) { _, form in
            do {
                try await desk.expireSilence(form["id"])
                return .go(to: "/ui/silences", message: "The silence has ended.")
            } catch let error as SilenceError {
                throw Problem.notFound(error.description)
            }
        }
    }

    private func list() async -> PageAnswer {
        let book = await desk.book()
        let now = clock.now()
        let views = book.alertViews(at: now)
        let silences = book.silences.all(at: now).prefix(Self.shownMax).map { silence in
            let state = silence.state(at: now)
            return [
                "id": silence.id, "state": state.rawValue, "tint": state == .expired ? "" : state.rawValue,
                "matchers": silence.matchers.prefix(20).map { PageText.short($0.description) },
                "ends": PageText.moment(silence.endsAt),
                "left": state == .active ? "\(PageText.span(silence.endsAt - now)) left" : "",
                "by": PageText.short(silence.createdBy), "comment": PageText.short(silence.comment, 300),
                "canEnd": state != .expired,
                "mutes": views.count { silence.matchers.match($0.alert.labels) },
            ] as [String: any Sendable]
        }
        return .content(template: "silences", model: ["silences": Array(silences), "none": silences.isEmpty])
    }

    /// Matchers of exactly the alert with this fingerprint; empty when it no longer fires.
    private func labels(_ fingerprint: String) async -> String {
        let views = await desk.book().alertViews(at: clock.now()) { $0.fingerprint.description == fingerprint }
        return views.first?.alert.labels.pairs.map(PageText.matcher).joined(separator: ", ") ?? ""
    }

    /// The form, with what it would mute when there are matchers.
    private func form(
        _ fields: PageForm, matchers text: String, problem given: String? = nil
    ) async -> PageAnswer {
        var problem = given
        var preview: [[String: any Sendable]] = []
        var count = 0
        if !text.isEmpty {
            do throws(Matcher.Failure) {
                let matchers = try Matcher.list(text)
                let muted = await desk.book().alertViews(at: clock.now()) { matchers.match($0.labels) }
                count = muted.count
                preview = muted.prefix(20).map { view in
                    [
                        "name": view.alert.labels["alertname"], "summary": view.alert.annotations["summary"],
                        "labels": PageText.labels(view.alert.labels),
                    ]
                }
            } catch { problem = problem ?? "These are no matchers: \(error)" }
        }
        let wanted = Int(fields["minutes"]) ?? 120
        let lengths = Self.lengths.map { minutes, words in
            ["minutes": minutes, "words": words, "chosen": minutes == wanted] as [String: any Sendable]
        }
        let model: [String: any Sendable] = [
            "matchers": text, "comment": fields["comment"], "lengths": lengths,
            "previewed": !text.isEmpty && problem == nil,
            "count": count, "preview": preview, "rest": max(0, count - preview.count),
        ]
        return .content(template: "silence", model: model, problem: problem)
    }

    private func create(_ form: PageForm, by visitor: PageVisitor) async -> PageAnswer {
        guard let minutes = Int(form["minutes"]), (1...525_600).contains(minutes) else {
            return await self.form(
                form, matchers: form["matchers"], problem: "The length is to be between a minute and a year.")
        }
        guard !form["comment"].isEmpty else {
            return await self.form(form, matchers: form["matchers"], problem: "Say why: others will wonder.")
        }
        let now = clock.now()
        do {
            let id = try await desk.setSilence(
                SilenceDraft(
                    matchers: try Matcher.list(form["matchers"]), startsAt: now, endsAt: now + .minutes(Int64(minutes)),
                    createdBy: visitor.name, comment: form["comment"]))
            return .go(to: "/ui/silences", message: "Silence \(id) is active.")
        } catch {
            return await self.form(form, matchers: form["matchers"], problem: "The silence is refused: \(error)")
        }
    }
}
