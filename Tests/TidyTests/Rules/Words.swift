/// Words that mean unfinished or unsafe work.
extension Rule {
    static let words: [Rule] = [
        Rule(name: "nothing is left for later") { file in
            let marks: Pattern = #"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b"#
            return marks.lines(of: file.text, file.lines).map { index, groups in
                Finding(path: file.path, line: index + 1, problem: "\(groups[1]) in committed work")
            }
        },
        Rule(name: "no forced tries and casts") { file in
            guard file.path.hasSuffix(".swift") else { return [] }
            return file.findings(#"\btry!|\bas!"#) { "\($0) ends the process" }
        },
        Rule(name: "an unchecked promise says what guards it") { file in
            guard file.path.hasSuffix(".swift") else { return [] }
            return file.findings(#"@unchecked\sSendable|nonisolated\(unsafe\)"#) { "\($0) without a comment" }
                .filter { !file.hasComment(at: $0.line - 1) }
        },
        Rule(name: "services log, they do not print") { file in
            guard file.isProduct, !file.isIn("Services/CLI"), file.path != "Shared/ServiceKit/Service/RunService.swift"
            else { return [] }
            let isDeclared: Pattern = #"(func|case)\s+print\("#
            return file.findings(#"(^|[^.\w])print\("#) { _ in "print(" }
                .filter { !isDeclared.isIn(file.code[$0.line - 1]) }
        },
        Rule(name: "loggers are handed down, not made") { file in
            guard file.isProduct, !file.isIn("Shared/ServiceKit"), !file.isIn("Services/CLI") else { return [] }
            return file.findings(#"\bLogger\(label:|\bLoggingSystem\b"#) { $0 }
        },
        Rule(name: "an option of TCP is not set as one of the socket") { file in
            guard file.path.hasSuffix(".swift") else { return [] }
            // Its number means something else there: TCP_NODELAY is SO_DEBUG, which only root may set.
            return file.findings(#"\.socketOption\(\.tcp_"#) { "\($0) has to be .tcpOption" }
        },
        Rule(name: "a placeholder goes when real work comes") { file in
            guard file.path.hasSuffix("/Placeholder.swift") else { return [] }
            let folder = file.path.dropLast("Placeholder.swift".count)
            let others = Checkout.swift.contains { $0.path.hasPrefix(folder) && $0.path != file.path }
            return others ? [Finding(path: file.path, line: 0, problem: "is not needed any more")] : []
        },
    ]
}
