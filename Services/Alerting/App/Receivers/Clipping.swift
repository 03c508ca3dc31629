/// Providers count in UTF-16 units (a letter one, an emoji two and more); what is cut, is cut between whole characters.
extension StringProtocol {
    /// The first characters, as far as their escaped form fits.
    ///
    /// - Returns: what was kept, and its escaped form.
    func leading(units: Int, escapedBy escape: (String) -> String = { $0 }) -> (kept: SubSequence, text: String) {
        var text = ""
        var used = 0
        var end = startIndex
        while end < endIndex {
            let piece = escape(String(self[end]))
            used += piece.utf16.count
            guard used <= units else { break }
            text += piece
            end = index(after: end)
        }
        return (self[..<end], text)
    }

    /// The whole, escaped, or its beginning with a mark that there was more.
    func clipped(units: Int, escapedBy escape: (String) -> String = { $0 }) -> String {
        let whole = leading(units: units, escapedBy: escape)
        guard whole.kept.endIndex < endIndex else { return whole.text }
        return leading(units: units - 1, escapedBy: escape).text + "…"
    }
}
