import Domain

/// Names of groups as long as Postgres can index them: labels, and so their groups' names, may be of any length.
package enum BoundedKey {
    /// Longer ones are cut. With a destination's name it must stay below 2704 bytes, the most that a row of an index may have.
    private static let bytesMax = 2000

    /// The name itself, or its beginning and a hash of all of it. That is longer than any name that is kept whole.
    package static func make(_ name: String) -> String {
        guard name.utf8.count > bytesMax else { return name }
        var start = name.utf8.index(name.startIndex, offsetBy: bytesMax)
        while start.samePosition(in: name.unicodeScalars) == nil { start = name.utf8.index(before: start) }
        return "\(name[..<start])…\(DerivedID.make("key", name))"
    }
}
