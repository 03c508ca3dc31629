import AlertingCore

/// The words of a notice: those of the operator's templates where there are some, else the suite's own.
struct Wording: Sendable {
    /// One template, ready to be filled in.
    typealias Template = @Sendable (Notice) throws -> String

    var subject: Template?
    var text: Template?
    var html: Template?
    /// The address of `alerting` for people, where they acknowledge; nil: there is no page, or nobody knows its address.
    var page: String?

    static let plain = Wording()

    func subject(of notice: Notice) -> String {
        NoticeText(notice).mark + fill(subject, notice) { NoticeText(notice).plainSubject }
    }
    /// - Returns: the template's text under the notice's own note; else the suite's own.
    func text(of notice: Notice) -> String {
        let words = NoticeText(notice)
        guard text != nil, let note = words.note else { return fill(text, notice) { own(notice).text } }
        return "\(note)\n\n" + fill(text, notice) { own(notice).text }
    }

    /// - Returns: the template's HTML; else the template's text as HTML; else the suite's own.
    func html(of notice: Notice) -> String {
        if html == nil, text != nil { return NoticeText.page(subject(of: notice), text(of: notice)) }
        return fill(html, notice) { own(notice).html }
    }

    /// Where the group of a notice is acknowledged or silenced: a page that asks once more. Nil: there is nothing to take
    /// care of, or the address would be too long.
    func page(of notice: Notice) -> String? {
        guard let page, notice.isFiring, notice.reason != .test, notice.key.group != Notice.stormGroup else {
            return nil
        }
        let group = Incident.group(ofSteps: notice.key.group)
        let address = "\(page.hasSuffix("/") ? String(page.dropLast()) : page)/ui/?group=\(PageText.query(group))"
        return address.utf8.count <= Self.addressMax ? address : nil
    }

    private static let addressMax = 1500

    private func own(_ notice: Notice) -> NoticeText { NoticeText(notice, page: page(of: notice)) }

    /// A template that fails at the moment of need must not keep the news back: the suite's words go out, and say so.
    private func fill(_ template: Template?, _ notice: Notice, else own: () -> String) -> String {
        guard let template else { return own() }
        do { return try template(notice) } catch {
            return "\(own())\n(the template failed: \(error))"
        }
    }
}
