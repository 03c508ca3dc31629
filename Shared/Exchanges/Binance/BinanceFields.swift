import Domain

/// Typed reading of the one-letter fields of one event; what is missing or wrong is named in the error.
struct BinanceFields {
    let scanner: JSONScanner
    let fields: LetterFields
    let event: String

    func fault(_ letter: Unicode.Scalar) -> BinanceFrameError { .field(name: String(letter), event: event) }

    func text(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> String {
        guard let text = scanner.text(fields[letter]) else { throw fault(letter) }
        return text
    }

    func symbol(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Symbol {
        guard let symbol = Symbol(try text(letter)) else { throw fault(letter) }
        return symbol
    }

    func integer(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Int64 {
        guard let value = scanner.integer(fields[letter]) else { throw fault(letter) }
        return value
    }

    func time(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Timestamp {
        Timestamp(milliseconds: try integer(letter))
    }

    func flag(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Bool {
        guard let value = scanner.boolean(fields[letter]) else { throw fault(letter) }
        return value
    }

    func decimal(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Int64 {
        guard let value = scanner.decimal(fields[letter]) else { throw fault(letter) }
        return value
    }

    func price(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Price { Price(raw: try decimal(letter)) }
    func quantity(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Quantity {
        Quantity(raw: try decimal(letter))
    }
    func money(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Money {
        Money(raw: Int128(try decimal(letter)))
    }

    func side(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> Side {
        guard let side = Side(binanceWord: try text(letter)) else { throw fault(letter) }
        return side
    }

    /// The fields of the object in this field.
    func nested(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> BinanceFields {
        let token = fields[letter]
        guard token.kind == .object else { throw fault(letter) }
        return try inner(token)
    }

    /// The fields of each object of the array in this field.
    func list(_ letter: Unicode.Scalar) throws(BinanceFrameError) -> [BinanceFields] {
        let token = fields[letter]
        guard token.kind == .array else { throw fault(letter) }
        var objects: [JSONToken] = []
        var reader = JSONScanner(scanner.bytes, at: token.start)
        do throws(JSONFault) {
            try reader.array { (value) throws(JSONFault) in objects.append(value) }
        } catch {
            throw BinanceFrameError(error)
        }
        var result: [BinanceFields] = []
        for object in objects {
            guard object.kind == .object else { throw fault(letter) }
            result.append(try inner(object))
        }
        return result
    }

    private func inner(_ object: JSONToken) throws(BinanceFrameError) -> BinanceFields {
        do throws(JSONFault) {
            return BinanceFields(
                scanner: scanner, fields: try BinanceMessage.letters(of: object, in: scanner.bytes), event: event)
        } catch {
            throw BinanceFrameError(error)
        }
    }
}

// The documented market events.
extension BinanceFields {
    func trade() throws(BinanceFrameError) -> Print {
        Print(
            id: try integer("t"), symbol: try symbol("s"), price: try price("p"), quantity: try quantity("q"),
            aggressor: try flag("m") ? .sell : .buy, time: try time("T"))
    }

    func bookTicker() throws(BinanceFrameError) -> BinanceBookTicker {
        BinanceBookTicker(
            symbol: try symbol("s"), updateID: try integer("u"), bid: try price("b"), bidQuantity: try quantity("B"),
            ask: try price("a"), askQuantity: try quantity("A"))
    }

    func kline() throws(BinanceFrameError) -> BinanceEvent {
        let bar = try nested("k")
        let interval = try bar.text("i")
        guard let timeframe = Timeframe(rawValue: interval) else { return .ignored("kline") }
        return .kline(
            Candle(
                symbol: try symbol("s"), timeframe: timeframe, openTime: try bar.time("t"), open: try bar.price("o"),
                high: try bar.price("h"), low: try bar.price("l"), close: try bar.price("c"),
                volume: try bar.quantity("v"), tradeCount: try bar.integer("n"), isFinal: try bar.flag("x"),
                source: .klines))
    }
}

// The documented events of the user data stream.
extension BinanceFields {
    func executionReport() throws(BinanceFrameError) -> BinanceExecutionReport {
        let original = fields["C"].kind == .string ? try text("C") : ""
        let execution = try text("x")
        let listID = fields["g"].kind == .number ? try integer("g") : -1
        return BinanceExecutionReport(
            symbol: try symbol("s"), clientOrderID: original.isEmpty ? try text("c") : original,
            orderID: try integer("i"), orderListID: listID < 0 ? nil : listID, side: try side("S"),
            type: try text("o"), execution: execution, status: BinanceOrderStatus(try text("X")),
            rejectReason: try text("r"), quantity: try quantity("q"), filledQuantity: try quantity("z"),
            fill: execution == "TRADE" ? try fill() : nil, time: try time("T"))
    }

    private func fill() throws(BinanceFrameError) -> BinanceFill {
        BinanceFill(
            symbol: try symbol("s"), tradeID: try integer("t"), orderID: try integer("i"), side: try side("S"),
            price: try price("L"), quantity: try quantity("l"), commission: try money("n"),
            commissionAsset: fields["N"].kind == .null ? "" : try text("N"), isMaker: try flag("m"),
            time: try time("T"))
    }

    func listStatus() throws(BinanceFrameError) -> BinanceListStatus {
        var ids: [String] = []
        for order in try list("O") { ids.append(try order.text("c")) }
        return BinanceListStatus(
            symbol: try symbol("s"), listID: try integer("g"), listClientOrderID: try text("C"),
            listStatus: try text("l"), orderStatus: try text("L"), clientOrderIDs: ids, time: try time("T"))
    }

    func accountPosition() throws(BinanceFrameError) -> BinanceAccountPosition {
        var balances: [BinanceBalance] = []
        for entry in try list("B") {
            balances.append(
                BinanceBalance(asset: try entry.text("a"), free: try entry.money("f"), locked: try entry.money("l")))
        }
        return BinanceAccountPosition(balances: balances, time: try time("u"))
    }
}
