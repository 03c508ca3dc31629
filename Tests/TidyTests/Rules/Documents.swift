extension Rule {
    /// The first line about a type or function is for whoever reads it first.
    static let documentation = Rule(name: "what is declared at the top of a file is described") { file in
        guard file.isProduct, file.path.hasSuffix(".swift") else { return [] }
        let declaration: Pattern =
            #"^(?:@\w+(?:\([^)]*\))?\s+)*(?:public |package |internal )?(?:final |indirect |nonisolated )*(?:struct|class|enum|actor|protocol|func|typealias) (\w+)"#
        return declaration.lines(of: file.codeText, file.code).compactMap { index, groups in
            guard groups[1] != "Main" else { return nil }
            var above = index - 1
            while above >= 0, file.code[above].hasPrefix("@") { above -= 1 }
            if above >= 0, file.lines[above].hasPrefix("///") { return nil }
            return Finding(path: file.path, line: index + 1, problem: "\(groups[1]) has no doc comment")
        }
    }

    /// Nothing of the computer it was written on.
    static let machinePaths = Rule(name: "no paths of one machine") { file in
        let pattern: Pattern = ##"(?:^|[\s"'`=(:])(/(?:wo|sr)rk/\w|/(?:home|Users)/\w|/root/\w)"##
        return pattern.lines(of: file.text, file.lines).map { index, groups in
            Finding(path: file.path, line: index + 1, problem: "\(groups[1])… is a path of one machine")
        }
    }
}
