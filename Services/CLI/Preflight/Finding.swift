/// One line of a preflight.
struct Finding: Sendable, Equatable {
    enum Grade: String, Sendable {
        case ok
        /// Works, and is doubtful.
        case warn
        /// Will not work.
        case fail
    }

    let grade: Grade
    let subject: String
    let detail: String
    /// What to do about it; empty when nothing.
    let mend: String

    static func ok(_ subject: String, _ detail: String) -> Finding {
        Finding(grade: .ok, subject: subject, detail: detail, mend: "")
    }
    static func warn(_ subject: String, _ detail: String, mend: String) -> Finding {
        Finding(grade: .warn, subject: subject, detail: detail, mend: mend)
    }
    static func fail(_ subject: String, _ detail: String, mend: String) -> Finding {
        Finding(grade: .fail, subject: subject, detail: detail, mend: mend)
    }
}

extension [Finding] {
    /// The lines, and a count at the end.
    var text: String {
        let width = map(\.subject.count).max() ?? 0
        var lines = map { finding in
            let grade = finding.grade.rawValue.padded(to: 4)
            let mend = finding.mend.isEmpty ? "" : "\n        → \(finding.mend)"
            return "  \(grade)  \(finding.subject.padded(to: width))  \(finding.detail)\(mend)"
        }
        let counts = [Finding.Grade.ok, .warn, .fail].map { grade in
            "\(filter { $0.grade == grade }.count) \(grade.rawValue)"
        }
        lines.append("\n" + counts.joined(separator: ", "))
        return lines.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
