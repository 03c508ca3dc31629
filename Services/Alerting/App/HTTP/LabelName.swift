/// Which names labels and annotations may have.
///
/// Letters of any script, digits, `_`, `.` and `/`, a letter or `_` first: what Alertmanager 0.25 takes, and the UTF-8 names of
/// Prometheus 3 beside it. Names with blanks, signs such as `-`, or control characters are refused as 0.25 refuses them.
enum LabelName {
    static func isValid(_ name: String) -> Bool {
        guard let first = name.unicodeScalars.first, !"0123456789./".unicodeScalars.contains(first) else {
            return false
        }
        return name.unicodeScalars.allSatisfy { scalar in
            guard scalar.isASCII else { return scalar != "\u{fffd}" && !scalar.properties.isWhitespace }
            return ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                || scalar == "_" || scalar == "." || scalar == "/"
        }
    }

    /// For a message, shortened.
    static func quoted(_ name: String) -> String {
        "\"" + name.prefix(100).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
