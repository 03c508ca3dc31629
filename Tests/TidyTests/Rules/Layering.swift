/// Who may import whom, as docs/modules.md tells it.
extension Rule {
    static let layering: [Rule] = [
        Rule(name: "a folder imports only the modules below it") { file in
            guard let allowed = Layers.allowed(file) else { return [] }
            return Layers.imports(of: file).compactMap { module, line in
                guard Layers.isProject(module), !allowed.contains(module) else { return nil }
                return Finding(path: file.path, line: line, problem: "may not import \(module)")
            }
        },
        Rule(name: "the domain and the cores import nothing from outside") { file in
            guard file.isDeterministic else { return [] }
            // Indicators need the C library's mathematics.
            let allowed: Set<String> = file.isIn("Shared/Indicators") ? ["Glibc"] : []
            return Layers.imports(of: file).compactMap { module, line in
                guard !Layers.isProject(module), !allowed.contains(module) else { return nil }
                return Finding(path: file.path, line: line, problem: "may not import \(module)")
            }
        },
        Rule(name: "nothing that ships imports an executable") { file in
            guard file.isProduct else { return [] }
            return Layers.imports(of: file).compactMap { module, line in
                guard module.hasSuffix("App") || module == "CLI" || module == "ExchangeSim" else { return nil }
                return Finding(path: file.path, line: line, problem: "may not import the executable \(module)")
            }
        },
    ]
}

enum Layers {
    static let shared: [String: Set<String>] = [
        "Domain": [],
        "Indicators": ["Domain"],
        "Contracts": ["Domain"],
        "Backtest": [
            "Domain", "Indicators", "MarketDataCore", "StrategyCore", "RiskManagerCore", "ExecutionCore",
        ],
        "Store": ["Domain", "Contracts", "CLibpq"],
        "Bus": ["Domain", "Contracts", "CHiredis"],
        "Outbound": ["CCurl"],
        "Exchanges": ["Domain", "Outbound"],
        "ServiceKit": ["Domain"],
        "Wiring": ["Domain", "Contracts", "Store", "Bus", "ServiceKit"],
        "TradingSettings": ["Domain", "ServiceKit", "StrategyCore", "RiskManagerCore", "ExecutionCore"],
    ]
    private static let services = ["MarketData", "Strategy", "RiskManager", "Execution", "Alerting", "Optimizer"]
    private static let project: Set<String> = {
        let parts = services.flatMap { ["\($0)Core", "\($0)App"] }
        return Set(shared.keys).union(parts).union([
            "CLI", "ExchangeSim", "TestKit", "CLibpq", "CHiredis", "CCurl", "CRE2",
        ])
    }()

    static func isProject(_ module: String) -> Bool { project.contains(module) }

    /// The project's modules a file may import; nil for files that are no part of a layer, such as tests.
    static func allowed(_ file: SourceFile) -> Set<String>? {
        let folders = file.folders
        guard folders.count >= 2 else { return nil }
        switch (folders[0], folders[1]) {
        case ("Shared", let name): return shared[name] ?? []
        case ("Services", "CLI"):
            let cores = services.map { "\($0)Core" }
            return Set(shared.keys).union(cores)
        case ("Services", "ExchangeSim"): return ["Domain", "Exchanges", "Outbound", "ServiceKit"]
        case ("Services", let service) where folders.count >= 3 && folders[2] == "Core":
            return service == "Alerting" ? ["Domain", "CRE2"] : ["Domain", "Indicators"]
        case ("Services", let service):
            return [
                "\(service)Core", "Domain", "Indicators", "Contracts", "Store", "Bus", "Outbound", "Exchanges",
                "ServiceKit", "Wiring", "TradingSettings",
            ]
        default: return nil
        }
    }

    /// The modules a file imports, with the line from 1.
    static func imports(of file: SourceFile) -> [(module: String, line: Int)] {
        declaration.lines(of: file.codeText, file.code).map { ($0.groups[1], $0.index + 1) }
    }

    private static let declaration: Pattern =
        #"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)"#
}
