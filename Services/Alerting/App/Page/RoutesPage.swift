import AlertingCore
import Domain
import ServiceKit

/// The tree of routes, and where an alert with given labels would go.
struct RoutesPage: Sendable {
    let desk: AlertDesk

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/routes", "Routes", on: api) { _, query in await page(query) }
    }

    private func page(_ query: PageForm) async -> PageAnswer {
        let book = await desk.book()
        var receivers: [String] = []
        var problem: String?
        if !query["labels"].isEmpty {
            do throws(Matcher.Failure) {
                let matchers = try Matcher.list(query["labels"])
                if let other = matchers.first(where: { $0.comparison != .equal }) {
                    problem = "A label has one value: \(other) does not say which."
                } else {
                    let labels = Labels(Dictionary(matchers.map { ($0.name, $0.value) }) { first, _ in first })
                    receivers = book.receivers(of: labels)
                }
            } catch { problem = "These are no labels: \(error)" }
        }
        let model: [String: any Sendable] = [
            "labels": query["labels"], "receivers": receivers, "tested": !receivers.isEmpty,
            "routes": Self.rows(book.settings.route, depth: 0),
        ]
        return .content(template: "routes", model: model, problem: problem)
    }

    private static func rows(_ route: Route, depth: Int) -> [[String: any Sendable]] {
        let row: [String: any Sendable] = [
            "indent": String(repeating: "› ", count: depth),
            "matchers": route.matchers.isEmpty
                ? "every alert" : route.matchers.map(\.description).joined(separator: ", "),
            "receiver": route.receiver, "groupBy": route.groupBy?.joined(separator: ", ") ?? "every label",
            "wait": PageText.span(route.groupWait), "interval": PageText.span(route.groupInterval),
            "repeat": PageText.span(route.repeatInterval), "goesOn": route.goesOn,
            "muted": route.muteIntervals.joined(separator: ", "),
            "active": route.activeIntervals.joined(separator: ", "),
        ]
        return [row] + route.routes.flatMap { rows($0, depth: depth + 1) }
    }
}
