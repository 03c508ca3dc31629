import AlertingCore

/// The words of a notice: those of the operator's templates where there are some, else the suite's own.
struct Wording: Sendable {
    /// One template, ready to be filled in.
    typealias Template = @Sendable (Notice) throws -> String

    var subject: Template?
    var text: Template?
    var html: Template?

    static let plain = Wording()

    func subject(of notice: Notice) -> String {
        NoticeText(notice).mark + fill(subject, notice) { NoticeText(notice).plainSubject }
    }
    /// - Returns: the template's text under the notice's own note; else the suite's own.
    func text(of notice: Notice) -> String {
        let words = NoticeText(notice)
        guard text != nil, let note = words.note else { return fill(text, notice) { words.text } }
        return "\(note)\n\n" + fill(text, notice) { words.text }
    }

    /// - Returns: the template's HTML; else the template's text as HTML; else the suite's own.
    func html(of notice: Notice) -> String {
        if html == nil, text != nil { return NoticeText.page(subject(of: notice), text(of: notice)) }
        return fill(html, notice) { NoticeText(notice).html }
    }

    /// A template that fails at the moment of need must not keep the news back: the suite's words go out, and say so.
    private func fill(_ template: Template?, _ notice: Notice, else own: () -> String) -> String {
        guard let template else { return own() }
        do { return try template(notice) } catch {
            return "\(own())\n(the template failed: \(error))"
        }
    }
}
