import AlertingCore
import Foundation

/// A message as Slack takes it: a text for the phone's notification, blocks in an attachment for its coloured bar.
struct SlackMessage: Encodable {
    struct Text: Encodable {
        let type: String
        let text: String
    }
    struct Button: Encodable {
        let type = "button"
        let text: Text
        let url: String
    }
    struct Block: Encodable {
        let type: String
        var text: Text?
        /// Of a block of context.
        var elements: [Element]?
    }
    enum Element: Encodable {
        case text(Text)
        case button(Button)

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .text(let text): try text.encode(to: encoder)
            case .button(let button): try button.encode(to: encoder)
            }
        }
    }
    struct Attachment: Encodable {
        let color: String
        let blocks: [Block]
    }

    /// Slack's limits: a header 150, a section 3000, a button's address 3000, all blocks about 13,200 characters
    /// together, 50 blocks a message.
    private enum Limit {
        static let header = 150
        static let section = 2900
        static let address = 3000
        static let whole = 10_000
        static let blocks = 45
        static let buttons = 5
    }

    let text: String
    let attachments: [Attachment]

    init(_ notice: Notice, wording: Wording) {
        let subject = wording.subject(of: notice)
        let words = NoticeText(notice)
        text = subject.clipped(units: Limit.section, escapedBy: NoticeText.escape)
        var blocks = [
            Block(
                type: "header",
                text: Text(type: "plain_text", text: "\(words.tone.sign) \(subject)".clipped(units: Limit.header)))
        ]
        blocks += wording.text == nil ? Self.alerts(words) : Self.sections(wording.text(of: notice))
        blocks += Self.buttons(words, page: wording.page(of: notice))
        attachments = [Attachment(color: words.tone.color, blocks: blocks)]
    }

    /// A block for each alert until the message is full; what is left out is counted.
    private static func alerts(_ words: NoticeText) -> [Block] {
        var blocks: [Block] = []
        if let note = words.note {
            blocks.append(
                Block(type: "section", text: Text(type: "mrkdwn", text: escaped(note, Limit.section / 3))))
        }
        var room = Limit.whole
        var told = 0
        for alert in words.shown {
            var lines = ["*\(escaped(words.headline(alert), Limit.section / 3))*"]
            let description = alert.annotations["description"]
            if !description.isEmpty { lines.append(escaped(description, Limit.section / 3)) }
            lines.append("_\(escaped(words.labels(alert), Limit.section / 4))_")
            lines.append(escaped(words.times(alert), 200))
            let text = lines.joined(separator: "\n")
            guard text.utf16.count <= room, blocks.count < Limit.blocks else { break }
            room -= text.utf16.count
            told += 1
            blocks.append(Block(type: "section", text: Text(type: "mrkdwn", text: text)))
        }
        if let more = words.more(than: told) {
            blocks.append(Block(type: "context", elements: [.text(Text(type: "plain_text", text: more))]))
        }
        return blocks
    }

    /// A template's text in pieces that Slack takes.
    private static func sections(_ text: String) -> [Block] {
        var rest = text[...]
        var room = Limit.whole
        var blocks: [Block] = []
        while !rest.isEmpty, room > 0 {
            let piece = rest.leading(units: min(Limit.section, room), escapedBy: NoticeText.escape)
            guard !piece.kept.isEmpty else { break }
            rest = rest.dropFirst(piece.kept.count)
            room -= piece.text.utf16.count
            blocks.append(Block(type: "section", text: Text(type: "mrkdwn", text: piece.text)))
        }
        return blocks
    }

    /// Where to read on, once an address.
    private static func buttons(_ words: NoticeText, page: String?) -> [Block] {
        var known: Set<String> = []
        let links = [page.map { (title: NoticeText.pageTitle, url: $0) }].compactMap(\.self)
        let buttons = (links + words.shown.flatMap(words.links)).filter {
            $0.url.utf8.count <= Limit.address && known.insert($0.url).inserted
        }.prefix(Limit.buttons).map {
            Element.button(Button(text: Text(type: "plain_text", text: $0.title), url: $0.url))
        }
        return buttons.isEmpty ? [] : [Block(type: "actions", elements: Array(buttons))]
    }

    /// Escaped text of at most so many units; an escape is never cut.
    private static func escaped(_ text: String, _ limit: Int) -> String {
        text.clipped(units: limit, escapedBy: NoticeText.escape)
    }
}
