import AlertingCore

/// A notice in Telegram's HTML, whole alerts only, so that no tag is ever cut.
struct TelegramText {
    /// 4096 UTF-16 units after the tags are read; some are kept for the last line.
    private static let limit = 4000

    let html: String
    let plain: String

    init(_ notice: Notice, wording: Wording) {
        let words = NoticeText(notice)
        let subject = "\(words.tone.sign) \(wording.subject(of: notice))"
        guard wording.text == nil else {
            plain = "\(subject)\n\n\(wording.text(of: notice))".clipped(units: Self.limit)
            html = NoticeText.escape(plain)
            return
        }
        let title = subject.clipped(units: 300)
        var pieces = [(html: "<b>\(NoticeText.escape(title))</b>", plain: title)]
        let link = wording.page(of: notice)
        var room = Self.limit - pieces[0].plain.utf16.count - (link.map { $0.utf16.count + 40 } ?? 0)
        if let note = words.note?.clipped(units: 500) {
            room -= note.utf16.count + 2
            pieces.append((NoticeText.escape(note), note))
        }
        var told = 0
        for alert in words.shown {
            let headline = words.headline(alert).clipped(units: 500)
            var rest = [alert.annotations["description"], words.labels(alert), words.times(alert)]
                .filter { !$0.isEmpty }.map { $0.clipped(units: 900) }
            rest += words.links(alert).map { "\($0.title): \($0.url)" }
            let plain = ([headline] + rest).joined(separator: "\n")
            guard plain.utf16.count + 2 <= room else { break }
            room -= plain.utf16.count + 2
            told += 1
            let html = (["<b>\(NoticeText.escape(headline))</b>"] + rest.map(NoticeText.escape)).joined(separator: "\n")
            pieces.append((html, plain))
        }
        if let more = words.more(than: told) { pieces.append((NoticeText.escape(more), more)) }
        if let link {
            let title = NoticeText.pageTitle
            pieces.append(("<a href=\"\(NoticeText.escape(link))\">\(title)</a>", "\(title): \(link)"))
        }
        html = pieces.map(\.html).joined(separator: "\n\n")
        plain = pieces.map(\.plain).joined(separator: "\n\n")
    }
}
