import AlertingCore
import Domain
import Foundation
import Outbound

/// Sends a mail; the same notice keeps its Message-ID over retries.
struct MailReceiver: Receiver {
    let client: MailClient
    let from: MailAddress
    let to: [MailAddress]

    func deliver(_ notice: Notice, now: Timestamp) async -> DeliveryAnswer {
        let words = NoticeText(notice)
        let domain = from.address.split(separator: "@").last.map(String.init) ?? "localhost"
        let message = MailMessage(
            from: from, to: to, subject: words.subject, text: words.text, html: words.html,
            id: "\(notice.id)@\(domain)",
            date: Date(timeIntervalSince1970: Double(notice.at.nanoseconds) / 1e9),
            headers: [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")])
        do throws(MailError) {
            try await client.send(message)
            return .delivered("accepted")
        } catch {
            return error.isRetryable ? .retry(error.description, after: nil) : .refused(error.description)
        }
    }
}
