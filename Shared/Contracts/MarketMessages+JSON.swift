import Domain

// Prints, quotes and candles are most of what is on the bus. Their JSON is written and read by hand, an order of magnitude
// faster than by Foundation, with the same bytes.

extension PrintBatch {
    /// The same bytes as the general encoder gives.
    public static func encodeDirectly(_ envelope: Envelope<PrintBatch>) -> [UInt8]? {
        var writer = JSONWriter(capacity: 256 + envelope.data.prints.count * 160)
        writer.head(envelope)
        writer.literal("{\"prints\":[")
        for (index, print) in envelope.data.prints.enumerated() {
            if index > 0 { writer.literal(",") }
            writer.print(print)
        }
        writer.literal("],\"symbol\":")
        writer.string(envelope.data.symbol.name)
        writer.literal("}")
        writer.tail(envelope)
        return writer.bytes
    }

    /// The message, when the bytes have the form that `encodeDirectly` gives; nil otherwise.
    public static func decodeDirectly(_ bytes: [UInt8]) -> Envelope<PrintBatch>? {
        var reader = JSONReader(bytes)
        guard let head = reader.head(), reader.skip("{\"prints\":[") else { return nil }
        var prints: [Print] = []
        prints.reserveCapacity(bytes.count / 130)
        if !reader.skip("]") {
            repeat {
                guard let print = reader.print(like: prints.last?.symbol) else { return nil }
                prints.append(print)
            } while reader.skip(",")
            guard reader.skip("]") else { return nil }
        }
        guard reader.skip(",\"symbol\":"), let symbol = reader.string().flatMap({ Symbol($0) }), reader.skip("}"),
            let tail = reader.tail(type), reader.isAtEnd
        else { return nil }
        return Envelope(head, tail, PrintBatch(symbol: symbol, prints: prints))
    }
}

extension QuoteUpdate {
    /// The same bytes as the general encoder gives.
    public static func encodeDirectly(_ envelope: Envelope<QuoteUpdate>) -> [UInt8]? {
        let quote = envelope.data.quote
        var writer = JSONWriter(capacity: 400)
        writer.head(envelope)
        writer.literal("{\"quote\":{\"ask\":")
        writer.decimal(quote.ask.raw)
        writer.literal(",\"askQuantity\":")
        writer.decimal(quote.askQuantity.raw)
        writer.literal(",\"bid\":")
        writer.decimal(quote.bid.raw)
        writer.literal(",\"bidQuantity\":")
        writer.decimal(quote.bidQuantity.raw)
        writer.literal(",\"symbol\":")
        writer.string(quote.symbol.name)
        writer.literal(",\"time\":")
        writer.integer(quote.time.nanoseconds)
        writer.literal("}}")
        writer.tail(envelope)
        return writer.bytes
    }

    /// The message, when the bytes have the form that `encodeDirectly` gives; nil otherwise.
    public static func decodeDirectly(_ bytes: [UInt8]) -> Envelope<QuoteUpdate>? {
        var reader = JSONReader(bytes)
        guard let head = reader.head(), reader.skip("{\"quote\":{\"ask\":"), let ask = reader.decimal(),
            reader.skip(",\"askQuantity\":"), let askQuantity = reader.decimal(), reader.skip(",\"bid\":"),
            let bid = reader.decimal(), reader.skip(",\"bidQuantity\":"), let bidQuantity = reader.decimal(),
            reader.skip(",\"symbol\":"), let symbol = reader.string().flatMap({ Symbol($0) }),
            reader.skip(",\"time\":"), let time = reader.integer(), reader.skip("}}"),
            let tail = reader.tail(type), reader.isAtEnd
        else { return nil }
        let quote = Quote(
            symbol: symbol, bid: Price(raw: bid), bidQuantity: Quantity(raw: bidQuantity), ask: Price(raw: ask),
            askQuantity: Quantity(raw: askQuantity), time: Timestamp(nanoseconds: time))
        return Envelope(head, tail, QuoteUpdate(quote: quote))
    }
}

extension CandleUpdate {
    /// The same bytes as the general encoder gives.
    public static func encodeDirectly(_ envelope: Envelope<CandleUpdate>) -> [UInt8]? {
        let candle = envelope.data.candle
        var writer = JSONWriter(capacity: 520)
        writer.head(envelope)
        writer.literal("{\"candle\":{\"close\":")
        writer.decimal(candle.close.raw)
        writer.literal(",\"high\":")
        writer.decimal(candle.high.raw)
        writer.literal(candle.isFinal ? ",\"isFinal\":true,\"low\":" : ",\"isFinal\":false,\"low\":")
        writer.decimal(candle.low.raw)
        writer.literal(",\"open\":")
        writer.decimal(candle.open.raw)
        writer.literal(",\"openTime\":")
        writer.integer(candle.openTime.nanoseconds)
        writer.literal(",\"revision\":")
        writer.integer(Int64(candle.revision))
        writer.literal(",\"source\":")
        writer.string(candle.source.rawValue)
        writer.literal(",\"symbol\":")
        writer.string(candle.symbol.name)
        writer.literal(",\"timeframe\":")
        writer.string(candle.timeframe.rawValue)
        writer.literal(",\"tradeCount\":")
        writer.integer(candle.tradeCount)
        writer.literal(",\"volume\":")
        writer.decimal(candle.volume.raw)
        writer.literal("}}")
        writer.tail(envelope)
        return writer.bytes
    }

    /// The message, when the bytes have the form that `encodeDirectly` gives; nil otherwise.
    public static func decodeDirectly(_ bytes: [UInt8]) -> Envelope<CandleUpdate>? {
        var reader = JSONReader(bytes)
        guard let head = reader.head(), reader.skip("{\"candle\":{\"close\":"), let close = reader.decimal(),
            reader.skip(",\"high\":"), let high = reader.decimal(), reader.skip(",\"isFinal\":"),
            let isFinal = reader.boolean(), reader.skip(",\"low\":"), let low = reader.decimal(),
            reader.skip(",\"open\":"), let open = reader.decimal(), reader.skip(",\"openTime\":"),
            let openTime = reader.integer(), reader.skip(",\"revision\":"), let revision = reader.integer(),
            reader.skip(",\"source\":"), let source = reader.string().flatMap(Candle.Source.init(rawValue:)),
            reader.skip(",\"symbol\":"), let symbol = reader.string().flatMap({ Symbol($0) }),
            reader.skip(",\"timeframe\":"), let timeframe = reader.string().flatMap(Timeframe.init(rawValue:)),
            reader.skip(",\"tradeCount\":"), let tradeCount = reader.integer(), reader.skip(",\"volume\":"),
            let volume = reader.decimal(), reader.skip("}}"), let tail = reader.tail(type), reader.isAtEnd
        else { return nil }
        let candle = Candle(
            symbol: symbol, timeframe: timeframe, openTime: Timestamp(nanoseconds: openTime), open: Price(raw: open),
            high: Price(raw: high), low: Price(raw: low), close: Price(raw: close), volume: Quantity(raw: volume),
            tradeCount: tradeCount, isFinal: isFinal, revision: Int(revision), source: source)
        return Envelope(head, tail, CandleUpdate(candle: candle))
    }
}

/// The fields of an envelope before its data, in the order of their names.
struct EnvelopeHead {
    let at: Int64
    let causation: String
    let correlation: String
}

/// The fields of an envelope behind its data.
struct EnvelopeTail {
    let id: String
    let key: String
    let sequence: Int64
    let source: String
}

extension Envelope {
    fileprivate init(_ head: EnvelopeHead, _ tail: EnvelopeTail, _ data: Body) {
        self.init(
            id: tail.id, source: tail.source, at: Timestamp(nanoseconds: head.at), correlation: head.correlation,
            causation: head.causation, key: tail.key, sequence: tail.sequence, data: data)
    }
}

extension JSONWriter {
    fileprivate mutating func head<Body>(_ envelope: Envelope<Body>) {
        literal("{\"at\":")
        integer(envelope.at.nanoseconds)
        literal(",\"causation\":")
        string(envelope.causation)
        literal(",\"correlation\":")
        string(envelope.correlation)
        literal(",\"data\":")
    }

    fileprivate mutating func tail<Body>(_ envelope: Envelope<Body>) {
        literal(",\"id\":")
        string(envelope.id)
        literal(",\"key\":")
        string(envelope.key)
        literal(",\"sequence\":")
        integer(envelope.sequence)
        literal(",\"source\":")
        string(envelope.source)
        literal(",\"type\":")
        string(envelope.type)
        literal(",\"version\":")
        integer(Int64(envelope.version))
        literal("}")
    }

    fileprivate mutating func print(_ print: Print) {
        literal("{\"aggressor\":")
        string(print.aggressor.rawValue)
        literal(",\"id\":")
        integer(print.id)
        literal(",\"price\":")
        decimal(print.price.raw)
        literal(",\"quantity\":")
        decimal(print.quantity.raw)
        literal(",\"symbol\":")
        string(print.symbol.name)
        literal(",\"time\":")
        integer(print.time.nanoseconds)
        literal("}")
    }
}

extension JSONReader {
    fileprivate mutating func head() -> EnvelopeHead? {
        guard skip("{\"at\":"), let at = integer(), skip(",\"causation\":"), let causation = string(),
            skip(",\"correlation\":"), let correlation = string(), skip(",\"data\":")
        else { return nil }
        return EnvelopeHead(at: at, causation: causation, correlation: correlation)
    }

    fileprivate mutating func tail(_ type: String) -> EnvelopeTail? {
        guard skip(",\"id\":"), let id = string(), skip(",\"key\":"), let key = string(), skip(",\"sequence\":"),
            let sequence = integer(), skip(",\"source\":"), let source = string(), skip(",\"type\":"),
            string(equals: type), skip(",\"version\":1}")
        else { return nil }
        return EnvelopeTail(id: id, key: key, sequence: sequence, source: source)
    }

    /// A print; `symbol` is taken over when the print has the same, which saves making it again.
    fileprivate mutating func print(like symbol: Symbol?) -> Print? {
        guard skip("{\"aggressor\":"), let aggressor = side(), skip(",\"id\":"), let id = integer(),
            skip(",\"price\":"), let price = decimal(), skip(",\"quantity\":"), let quantity = decimal(),
            skip(",\"symbol\":"), let name = self.symbol(like: symbol), skip(",\"time\":"), let time = integer(),
            skip("}")
        else { return nil }
        return Print(
            id: id, symbol: name, price: Price(raw: price), quantity: Quantity(raw: quantity), aggressor: aggressor,
            time: Timestamp(nanoseconds: time))
    }

    private mutating func side() -> Side? {
        if skip("\"buy\"") { return .buy }
        return skip("\"sell\"") ? .sell : nil
    }

    private mutating func symbol(like known: Symbol?) -> Symbol? {
        guard let text = string() else { return nil }
        if let known, known.name == text { return known }
        return Symbol(text)
    }
}
