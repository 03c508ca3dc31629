import Domain
import Exchanges

/// The parameters of a request, read with the exchange's own words for what is wrong.
struct Parameters {
    let values: [String: String]

    subscript(_ name: String) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }

    func required(_ name: String) throws(Refused) -> String {
        guard let value = self[name] else {
            throw Refused(-1102, "Mandatory parameter '\(name)' was not sent, was empty/null, or malformed.")
        }
        return value
    }

    func symbol() throws(Refused) -> Symbol {
        guard let symbol = Symbol(try required("symbol")) else { throw Refused(.unknownSymbol) }
        return symbol
    }

    func side() throws(Refused) -> Side {
        guard let side = Side(binanceWord: try required("side")) else { throw Refused(-1117, "Invalid side.") }
        return side
    }

    func integer(_ name: String) throws(Refused) -> Int64? {
        guard let text = self[name] else { return nil }
        guard let value = Int64(text) else {
            throw Refused(-1100, "Illegal characters found in parameter '\(name)'; legal range is '^[0-9]{1,20}$'.")
        }
        return value
    }

    func limit(default standard: Int, max most: Int = 1000) throws(Refused) -> Int {
        Int(min(max(try integer("limit") ?? Int64(standard), 1), Int64(most)))
    }

    func time(_ name: String) throws(Refused) -> Timestamp? {
        // Nothing lies outside of the years 1970 to 2100, and nothing overflows inside.
        try integer(name).map { Timestamp(milliseconds: min(max($0, 0), 4_102_444_800_000)) }
    }

    func price(_ name: String) throws(Refused) -> Price? {
        guard let text = self[name] else { return nil }
        do throws(NumberError) { return try Price(text[...]) } catch { throw Self.fault(name, error) }
    }

    func quantity() throws(Refused) -> Quantity {
        let text = try required("quantity")
        do throws(NumberError) { return try Quantity(text[...]) } catch { throw Self.fault("quantity", error) }
    }

    /// An id of the client's; made up when it gives none.
    func clientID(_ name: String, fallback: String) throws(Refused) -> String {
        guard let text = self[name] else { return fallback }
        let isLegal = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"),
                UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isLegal, text.utf8.count <= 36 else {
            throw Refused(
                -1100,
                "Illegal characters found in parameter '\(name)'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'.")
        }
        return text
    }

    private static func fault(_ name: String, _ error: NumberError) -> Refused {
        switch error {
        case .tooPrecise: Refused(-1111, "Parameter '\(name)' has too much precision.")
        case .malformed, .outOfRange:
            Refused(
                -1100,
                "Illegal characters found in parameter '\(name)'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.")
        }
    }
}
