/// The same input gives the same output: no clock, no random, no IO, nothing that depends on the order of a hash.
extension Rule {
    static let determinism: [Rule] = [
        deterministic(
            "no clock in the cores",
            #"\bDate\(|\b[A-Z]\w*\.now\b|[cC]lock\.now\b|[(:=?]\s*\.now\b|\bContinuousClock\b|\bSuspendingClock\b|\bSystemClock\b"#
        ),
        deterministic("no random in the cores", #"\bUUID\(|\bSystemRandomNumberGenerator\b|\bHasher\(|\.hashValue\b"#),
        deterministic(
            "no IO and no waiting in the cores",
            #"\bprint\(|\bawait\b|\bTask\b\s*[.{(]|\bFileManager\b|\bProcessInfo\b|\bgetenv\(|\bfopen\(|\bDispatch\w+|\bThread\b"#
        ),
        Rule(name: "random numbers in the cores come from a given generator") { file in
            guard file.isDeterministic else { return [] }
            return file.findings(#"\.(random|randomElement|shuffled|shuffle)\((?!.*using:)"#) {
                "\($0)…) without a generator"
            }
        },
        Rule(name: "no order of a hash in the cores") { file in
            guard file.isDeterministic else { return [] }
            // A loop over the keys or values of a dictionary, unless it says why the order does not matter.
            return file.findings(#"\bfor\b.*\bin\b.*\.(keys|values)\s*(\{|where\b)"#) {
                "\($0) has no order: sort, or say why not"
            }
            .filter { !file.hasComment(at: $0.line - 1) }
        },
    ]

    private static func deterministic(
        _ name: String, _ pattern: Pattern
    ) -> Rule {
        Rule(name: name) { file in
            file.isDeterministic ? file.findings(pattern) { "\($0) is not for deterministic code" } : []
        }
    }
}
