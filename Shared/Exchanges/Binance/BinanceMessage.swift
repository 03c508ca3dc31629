import Domain

/// A frame taken apart into its fields, whatever it is wrapped in.
struct BinanceMessage {
    private let scanner: JSONScanner
    private var fields = LetterFields()
    private var hasID = false
    private var error = JSONToken.absent

    /// Reads the outer object, and the one in `data` or `event` when there is one, in one go.
    init(_ bytes: [UInt8]) throws(JSONFault) {
        var fields = LetterFields()
        var payload: LetterFields?
        var error = JSONToken.absent
        var hasID = false
        var outer = JSONScanner(bytes)
        try outer.members { (scanner, key) throws(JSONFault) in
            if Self.matches(bytes, key, "data") || Self.matches(bytes, key, "event") {
                payload = scanner.isAtObject() ? try Self.letters(&scanner) : nil
                if payload == nil { _ = try scanner.value() }
                return
            }
            let value = try scanner.value()
            if key.count == 1 {
                if LetterFields.isLetter(bytes[key.lowerBound]) { fields.set(bytes[key.lowerBound], value) }
            } else if Self.matches(bytes, key, "error") {
                error = value
            } else if Self.matches(bytes, key, "id") {
                hasID = true
            }
        }
        try outer.end()
        self.scanner = outer
        self.fields = payload ?? fields
        self.error = error
        self.hasID = hasID
    }

    /// The one-letter fields of an object.
    static func letters(of object: JSONToken, in bytes: [UInt8]) throws(JSONFault) -> LetterFields {
        var inner = JSONScanner(bytes, at: object.start)
        return try letters(&inner)
    }

    /// The one-letter fields of the object that comes next.
    private static func letters(_ scanner: inout JSONScanner) throws(JSONFault) -> LetterFields {
        var fields = LetterFields()
        let bytes = scanner.bytes
        try scanner.object { (key, value) throws(JSONFault) in
            guard key.count == 1, LetterFields.isLetter(bytes[key.lowerBound]) else { return }
            fields.set(bytes[key.lowerBound], value)
        }
        return fields
    }

    /// What it says.
    ///
    /// - Throws: `BinanceFrameError.field` for what is missing.
    func event() throws(BinanceFrameError) -> BinanceEvent {
        guard fields["e"].kind != .absent else { return try unnamed() }
        guard let name = scanner.text(fields["e"]) else { throw .field(name: "e", event: "?") }
        let reader = BinanceFields(scanner: scanner, fields: fields, event: name)
        switch name {
        case "trade": return .trade(try reader.trade())
        case "bookTicker": return .bookTicker(try reader.bookTicker())
        case "kline": return try reader.kline()
        case "executionReport": return .executionReport(try reader.executionReport())
        case "listStatus": return .listStatus(try reader.listStatus())
        case "outboundAccountPosition": return .accountPosition(try reader.accountPosition())
        case "listenKeyExpired": return .listenKeyExpired
        default: return .ignored(String(name.prefix(40)))
        }
    }

    /// Messages without an event name: spot's bookTicker, answers to requests.
    private func unnamed() throws(BinanceFrameError) -> BinanceEvent {
        if fields["s"].kind == .string, fields["b"].kind == .string, fields["a"].kind == .string {
            return .bookTicker(
                try BinanceFields(scanner: scanner, fields: fields, event: "bookTicker").bookTicker())
        }
        if error.kind == .object { return .reply(error: BinanceBody.rejection(scanner.bytes, at: error.start)) }
        if let rejection = BinanceBody.rejection(scanner.bytes, at: 0) { return .reply(error: rejection) }
        if hasID { return .reply(error: nil) }
        return .ignored("unnamed")
    }

    private static func matches(_ bytes: [UInt8], _ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { $0.elementsEqual(bytes[range]) }
    }
}

/// Reading the body of a refusal, which is the same on the socket and over HTTP.
enum BinanceBody {
    /// `{"code":-1013,"msg":"…"}`; nil when it is anything else.
    static func rejection(_ bytes: [UInt8], at position: Int) -> BinanceRejection? {
        var reader = JSONScanner(bytes, at: position)
        let values = JSONScanner(bytes)
        var code: Int64?
        var message: String?
        do throws(JSONFault) {
            try reader.object { (key, value) throws(JSONFault) in
                if bytes[key].elementsEqual("code".utf8) { code = values.integer(value) }
                if bytes[key].elementsEqual("msg".utf8) { message = values.text(value) }
            }
        } catch {
            return nil
        }
        guard let code, let message, let number = Int(exactly: code) else { return nil }
        return BinanceRejection(code: number, message: message)
    }
}
