// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target of the suite is built alike: Swift 6 mode, no warnings, explicit imports.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")

func nio(_ name: String) -> Target.Dependency { .product(name: name, package: "swift-nio") }

/// A module every service may share, under `Shared/`.
func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: dependencies, path: "Shared/\(name)",
        exclude: name == "Store" ? ["Migrations"] : [], swiftSettings: strict)
}

/// What a service decides, without IO and without a clock.
func core(_ service: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(
        name: "\(service)Core", dependencies: ["Domain"] + dependencies,
        path: "Services/\(service)/Core", swiftSettings: strict)
}

/// The thin rim around a service's core.
func app(_ service: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .executableTarget(
        name: "\(service)App",
        dependencies: [
            "\(service)Core".asTarget, "Domain", "Contracts", "Store", "Bus", "ServiceKit", "Wiring", log, lifecycle,
        ] + dependencies,
        path: "Services/\(service)/App", resources: resources, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

extension String {
    var asTarget: Target.Dependency { .target(name: self) }
}

let package = Package(
    name: "plimsoll",
    products: [
        .executable(name: "benchmarks", targets: ["Benchmarks"]),
        .executable(name: "market-data", targets: ["MarketDataApp"]),
        .executable(name: "strategy", targets: ["StrategyApp"]),
        .executable(name: "risk-manager", targets: ["RiskManagerApp"]),
        .executable(name: "execution", targets: ["ExecutionApp"]),
        .executable(name: "alerting", targets: ["AlertingApp"]),
        .executable(name: "exchange-sim", targets: ["ExchangeSim"]),
        .executable(name: "plimsoll", targets: ["CLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        .systemLibrary(name: "CLibpq", path: "Shared/CLibpq"),
        .systemLibrary(name: "CHiredis", path: "Shared/CHiredis"),
        .systemLibrary(name: "CCurl", path: "Shared/CCurl"),
        .target(name: "CRE2", path: "Shared/CRE2", linkerSettings: [.linkedLibrary("re2")]),

        shared("Domain"),
        shared("Indicators", ["Domain"]),
        shared("Contracts", ["Domain"]),
        shared(
            "Backtest", ["Domain", "Indicators", "MarketDataCore", "StrategyCore", "RiskManagerCore", "ExecutionCore"]),
        shared("Store", ["Domain", "Contracts", "CLibpq", crypto, log]),
        shared("Bus", ["Contracts", "CHiredis", log, lifecycle]),
        shared(
            "Outbound",
            [
                "CCurl", log, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        shared("Exchanges", ["Domain", "Outbound", crypto, log]),
        shared(
            "ServiceKit",
            [
                "Domain", log, lifecycle, hummingbird, httpTypes, nio("NIOCore"), nio("NIOHTTP1"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]),

        shared("Wiring", ["Domain", "Contracts", "Store", "Bus", "ServiceKit", log, lifecycle]),
        shared(
            "TradingSettings", ["Domain", "ServiceKit", "StrategyCore", "RiskManagerCore", "ExecutionCore"]),

        core("MarketData"),
        core("Strategy", ["Indicators"]),
        core("RiskManager"),
        core("Execution"),
        core("Alerting", ["CRE2"]),

        app("MarketData", ["Exchanges", "Outbound"]),
        app("Strategy", ["TradingSettings"]),
        app("RiskManager", ["Exchanges", "Outbound", "TradingSettings", hummingbird, httpTypes]),
        app("Execution", ["Exchanges", "Outbound", "TradingSettings"]),
        app(
            "Alerting",
            [
                "Outbound", hummingbird, httpTypes, nio("NIOCore"), crypto, mustache,
                .product(name: "Yams", package: "Yams"),
            ], resources: [.embedInCode("Page/Templates")]),
        .executableTarget(
            name: "ExchangeSim",
            dependencies: [
                "Domain", "Exchanges", "ServiceKit", hummingbird, httpTypes, log, lifecycle, crypto,
                nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"),
            ],
            path: "Services/ExchangeSim", swiftSettings: strict),
        .executableTarget(
            name: "CLI",
            dependencies: [
                "Domain", "Indicators", "Backtest", "Contracts", "Store", "Bus", "Outbound", "Exchanges", "ServiceKit",
                "Wiring", "TradingSettings", "MarketDataCore", "StrategyCore", "RiskManagerCore", "ExecutionCore",
                arguments, log,
            ],
            path: "Services/CLI", swiftSettings: strict),

        .target(
            name: "TestKit",
            dependencies: [
                "Domain", .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ], path: "Tests/TestKit", swiftSettings: strict),
        .target(
            name: "StoreTestKit", dependencies: ["Store", "Domain", "TestKit"], path: "Tests/StoreTestKit",
            swiftSettings: strict),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "AlertingCore", "Backtest", "StrategyCore", "RiskManagerCore", "ExecutionCore", "Domain", "Contracts",
                "Exchanges", "Outbound", "Store", "Bus", arguments, log,
            ],
            path: "Tests/Benchmarks", swiftSettings: strict),
        tests("DomainTests", ["Domain", "TestKit"]),
        tests("IndicatorsTests", ["Indicators", "Domain", "TestKit"]),
        tests("ContractsTests", ["Contracts", "Domain", "TestKit"]),
        tests("StoreTests", ["Store", "Contracts", "Domain", "TestKit", "StoreTestKit", log]),
        tests("BusTests", ["Bus", "Contracts", "Domain", "TestKit", log]),
        tests(
            "OutboundTests",
            ["Outbound", "TestKit", log, nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket")]),
        tests("ServiceKitTests", ["ServiceKit", "Outbound", "Domain", "TestKit", log, lifecycle, hummingbird]),
        tests(
            "ExchangeTests",
            ["Exchanges", "ExchangeSim", "Outbound", "ServiceKit", "Domain", "TestKit", log, lifecycle]),
        tests(
            "MarketDataTests",
            [
                "MarketDataCore", "MarketDataApp", "StrategyCore", "TradingSettings", "ExchangeSim", "Exchanges",
                "Outbound", "Store", "Bus", "Contracts", "ServiceKit", "Domain", "TestKit", "StoreTestKit", log,
                lifecycle,
            ]),
        tests(
            "StrategyTests",
            [
                "StrategyCore", "StrategyApp", "Indicators", "Store", "Bus", "Contracts", "ServiceKit", "Domain",
                "TestKit", "StoreTestKit",
                log, lifecycle,
            ]),
        tests(
            "BacktestTests",
            [
                "Backtest", "MarketDataCore", "StrategyCore", "RiskManagerCore", "ExecutionCore", "Indicators",
                "Domain",
                "TestKit",
            ]),
        tests(
            "RiskManagerTests",
            [
                "RiskManagerCore", "RiskManagerApp", "Outbound", "Store", "Bus", "Contracts", "ServiceKit", "Domain",
                "TestKit", "StoreTestKit", log, lifecycle, hummingbird,
            ]),
        tests(
            "ExecutionTests",
            [
                "ExecutionCore", "ExecutionApp", "ExchangeSim", "Exchanges", "Outbound", "Store", "Bus", "Contracts",
                "ServiceKit", "Domain", "TestKit", "StoreTestKit", log, lifecycle,
            ]),
        tests(
            "AlertingTests",
            [
                "AlertingCore", "AlertingApp", "Outbound", "Store", "Bus", "Contracts", "ServiceKit", "Domain",
                "TestKit", "StoreTestKit",
                log, lifecycle,
            ]),
        tests(
            "CLITests",
            [
                "CLI", "Backtest", "RiskManagerApp", "RiskManagerCore", "Store", "Contracts", "Domain", "Outbound",
                "ServiceKit", "TestKit", "StoreTestKit", arguments, log,
            ]),
        tests(
            "SettingsTests",
            [
                "ServiceKit", "MarketDataApp", "StrategyApp", "RiskManagerApp", "ExecutionApp", "AlertingApp",
                "ExchangeSim", "CLI", "TestKit",
            ]),
        tests("AcceptanceTests", ["Domain", "Contracts", "Store", "Bus", "Outbound", "TestKit", "StoreTestKit", log]),
        tests("TidyTests", ["TestKit", "ServiceKit"]),
    ],
    cxxLanguageStandard: .cxx17
)
