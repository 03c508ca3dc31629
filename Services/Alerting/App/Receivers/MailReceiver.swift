import AlertingCore
import Domain
import Foundation
import Outbound

/// Sends a mail; the same notice keeps its Message-ID over retries, and the mails of one group and day are one thread.
struct MailReceiver: Receiver {
    let client: MailClient
    let from: MailAddress
    let to: [MailAddress]
    var wording = Wording.plain
    /// More headers of the operator's, `Reply-To` for one.
    var headers: [(name: String, value: String)] = []

    func deliver(_ parcel: Parcel) async -> DeliveryAnswer {
        let notice = parcel.notice
        let domain = from.address.split(separator: "@").last.map(String.init) ?? "localhost"
        // A root that was never sent: mail programs gather what refers to it, and no state is needed for that.
        let day = notice.at.nanoseconds / 86_400_000_000_000
        let root = "\(DerivedID.make("thr", notice.key.group, notice.key.destination, String(day)))@\(domain)"
        var headers = self.headers
        headers += [
            (name: "List-Id", value: "<alerts.\(domain)>"), (name: "Auto-Submitted", value: "auto-generated"),
            (name: "X-Auto-Response-Suppress", value: "All"),
        ]
        if parcel.repeated { headers.append((name: "X-Plimsoll-Repeated", value: "true")) }
        let message = MailMessage(
            from: from, to: to, subject: wording.subject(of: notice), text: wording.text(of: notice),
            html: wording.html(of: notice), id: "\(parcel.id)@\(domain)",
            date: Date(timeIntervalSince1970: Double(notice.at.nanoseconds) / 1e9),
            thread: root, headers: headers)
        do throws(MailError) {
            try await client.send(message)
            return .delivered("accepted")
        } catch {
            return error.isRetryable ? .retry(error.description, after: nil) : .refused(error.description)
        }
    }
}
