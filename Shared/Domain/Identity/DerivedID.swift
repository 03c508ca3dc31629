/// Ids that are computed from their cause, so that a replay makes the same ones and a repeat is recognised.
///
/// 128-bit FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) over the parts, each followed by a zero byte. It is no
/// cryptographic hash: the parts come from our own books, not from an adversary.
public enum DerivedID {
    /// `prefix-` and 25 characters of 0-9a-z: at most 36 in all when the prefix has up to 10, as venues demand of client order ids.
    public static func make(_ prefix: String, _ parts: String...) -> String {
        var hash = UInt128(high: 0x6c62_272e_07bb_0142, low: 0x62b8_2175_6295_c58d)
        let prime = UInt128(high: 0x0000_0000_0100_0000, low: 0x0000_0000_0000_013b)
        for part in parts {
            for byte in part.utf8 { hash = (hash ^ UInt128(byte)) &* prime }
            hash = hash &* prime
        }
        return "\(prefix)-\(digits(of: hash))"
    }

    /// 25 digits of base 36, the highest first.
    private static func digits(of value: UInt128) -> String {
        // Twelve digits at a time fit 64 bits, whose division is many times faster.
        let twelve: UInt64 = 4_738_381_338_321_616_896
        var rest = value
        return String(unsafeUninitializedCapacity: 25) { text in
            var end = 25
            while end > 0 {
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: UInt128(twelve))
                rest = quotient
                var part = UInt64(remainder)
                for _ in 0..<min(12, end) {
                    let digit = UInt8(part % 36)
                    end -= 1
                    text[end] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                    part /= 36
                }
            }
            return 25
        }
    }
}

extension UInt128 {
    fileprivate init(high: UInt64, low: UInt64) { self = UInt128(high) << 64 | UInt128(low) }
}
