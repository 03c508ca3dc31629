import Domain
import ServiceKit
import Store

/// Who was told what, when and with which answer; anything can be sent again.
struct DeliveriesPage: Sendable {
    private static let shown = 50

    let store: AlertStore
    let desk: AlertDesk

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/deliveries", "Deliveries", on: api) { _, query in try await page(query) }
        router.post("/ui/resend", "Send again", on: api) { visitor, form in
            guard let original = try await store.notice(form["notification"]) else {
                throw Problem.notFound("no notification has this id")
            }
            let id = try await desk.resend(original, by: visitor.name, through: "page")
            return .go(to: "/ui/deliveries", message: "It is in line again, as \(id).")
        }
    }

    private func page(_ query: PageForm) async throws -> PageAnswer {
        var filter = DeliveryFilter()
        filter.limit = Self.shown
        filter.text = query["text"].isEmpty ? nil : query["text"]
        filter.channel = query["channel"].isEmpty ? nil : query["channel"]
        filter.result = Attempt.Result(rawValue: query["result"])
        filter.before = Int64(query["before"])
        let rows = try await store.deliveries(filter)
        let model: [String: any Sendable] = [
            "text": query["text"], "none": rows.isEmpty,
            "next": rows.count == Self.shown ? rows.last.map { "\($0.seq)" } ?? "" : "",
            "query": ["text", "channel", "result"].map { "\($0)=\(PageText.query(query[$0]))" }
                .joined(separator: "&"),
            "results": Attempt.Result.allCases.map {
                ["name": $0.rawValue, "chosen": $0.rawValue == query["result"]] as [String: any Sendable]
            },
            "channels": ["slack", "telegram", "email", "webhook"].map {
                ["name": $0, "chosen": $0 == query["channel"]] as [String: any Sendable]
            },
            "rows": rows.map { row in
                [
                    "at": String(row.at.prefix(19)).replacing("T", with: " "), "receiver": row.receiver,
                    "channel": row.channel,
                    "subject": row.subject,
                    "result": row.result, "answer": row.answer, "attempt": row.attempt,
                    "notification": row.notification,
                    "again": row.resendOf ?? "",
                ] as [String: any Sendable]
            },
        ]
        return .content(template: "deliveries", model: model)
    }
}
