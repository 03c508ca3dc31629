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
        let digits = String(hash, radix: 36)
        return "\(prefix)-" + String(repeating: "0", count: 25 - digits.count) + digits
    }
}

extension UInt128 {
    fileprivate init(high: UInt64, low: UInt64) { self = UInt128(high) << 64 | UInt128(low) }
}
