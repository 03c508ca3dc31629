import Contracts
import Domain
import Foundation
import Outbound
import RiskManagerCore
import ServiceKit
import Store
import StoreTestKit
import TestKit
import Testing

@testable import RiskManagerApp

/// Well-formed messages that cannot be true.
struct HostileMessageTests {
    private static let ends: [Timestamp] = [
        Timestamp(nanoseconds: .max), Timestamp(nanoseconds: .max - 1), Timestamp(nanoseconds: .min),
        Timestamp(nanoseconds: -1), SystemClock().now() + .days(365),
    ]

    @Test(.timeLimit(.minutes(1)))
    func `absurd times and numbers are counted, and the next true signal is decided`() async throws {
        try await withFloor(markets: 3) { floor in
            try await floor.withBus { bus in
                try await floor.whileRunning { client in
                    try await floor.raise(floor.signal(floor.symbols[0]), on: bus)
                    for time in Self.ends {
                        floor.say(floor.signal(floor.symbols[1], at: time), on: bus)
                        floor.say(floor.signal(floor.symbols[1], .exit, at: time), on: bus)
                        floor.say(price("1"), of: floor.symbols[1], at: time, on: bus)
                    }
                    floor.say(Price(raw: .min), of: floor.symbols[1], at: floor.close, on: bus)
                    try await floor.raise(floor.signal(floor.symbols[2]), on: bus)
                    let figures = try await client.send(.get, "/metrics").text
                    for (kind, reason) in [
                        ("signal.raised", "future"), ("signal.raised", "past"), ("prints", "future"),
                        ("prints", "past"), ("prints", "non_positive"),
                    ] {
                        #expect(
                            figures.contains(
                                "plimsoll_messages_refused_total{channel_kind=\"\(kind)\",reason=\"\(reason)\"}"))
                    }
                    #expect(try await floor.count("signals") == 2)
                    #expect(
                        try await floor.count(
                            "accounts WHERE observed_ns > \(floor.close.nanoseconds + 60_000_000_000)")
                            == 0)
                }
            }
        }
    }

    @Test func `a look at losses never goes beyond what is believed, and one that did is taken again`() async throws {
        try await withFloor { floor in
            let database = floor.database.connect(.riskManager)
            let now = floor.close + .seconds(5)
            let books = floor.books(database, clock: FixedClock(time: now))
            try await books.ensure([floor.account])
            for time in Self.ends {
                _ = try await books.decide(floor.signal(floor.symbols[0], .exit, at: time), account: "main")
            }
            let limit = Implausible.latest(clock: now, newest: floor.close).nanoseconds
            #expect(try await floor.count("accounts WHERE observed_ns > \(limit)") == 0)
            try await floor.database.servers.sql(
                "UPDATE accounts SET observed_ns = \(Int64.max)", database: floor.database.name)
            for symbol in floor.symbols {
                books.market.note(symbol, [PricePoint(price: price("100"), time: floor.close + .seconds(61))])
            }
            _ = try await books.tend("main")
            #expect(
                try await floor.count("accounts WHERE observed_ns = \((floor.close + .minutes(1)).nanoseconds)") == 1)
            await database.close()
        }
    }
}

private struct FixedClock: WallClock {
    let time: Timestamp
    func now() -> Timestamp { time }
}
