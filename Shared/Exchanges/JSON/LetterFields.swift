/// The values of an object whose keys are single letters, as exchanges write their stream messages.
///
/// A key that comes twice keeps its last value; longer keys are handed to whoever reads the object.
struct LetterFields: Sendable {
    private var tokens = InlineArray<64, JSONToken>(repeating: .absent)

    /// The value of the key that is this one letter.
    subscript(_ letter: Unicode.Scalar) -> JSONToken { tokens[Self.slot(UInt8(truncatingIfNeeded: letter.value))] }

    /// Keeps the value of a one-letter key.
    mutating func set(_ letter: UInt8, _ token: JSONToken) { tokens[Self.slot(letter)] = token }

    /// Is this byte a letter that has a place here?
    static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }

    /// A…Z are 1…26 and a…z are 33…58.
    private static func slot(_ byte: UInt8) -> Int { Int(byte & 63) }
}
