import Domain
import Foundation
import Store
import StoreTestKit
import TestKit
import Testing

/// kill -9 at each point of a sale, with the real programs: a protective order that fires here, and an order that closes.
@Suite("Killed at a point of a sale", .serialized, .timeLimit(.minutes(5)))
struct KillSaleTests {
    /// Where execution is killed.
    enum Point: CaseIterable {
        case beforeTheClaim, requestHeld, requestLost, answerLost, beforeTheFillIsBooked
    }

    @Test("a protective order that fires here sells once; killed before that is booked, the next one guards again")
    func fires() async throws {
        try await withRig { rig in
            var execution = try rig.execution()
            for (round, point) in Point.allCases.reversed().enumerated() {
                try await rig.ready()
                let symbol = rig.symbols[round % 2]
                try await rig.refuseExits(of: "ord-\(round)", symbol)
                let low = try await eventually("there is a price") { await rig.price(of: symbol) }
                    .times(Ratio(1, over: 2)).rounded(to: Price(raw: 1_000_000), .towardZero)
                try await self.kill(execution, at: point, rig) { rig.publish(low, of: symbol, id: .max) }
                execution = try rig.execution()
                try await rig.ready()
                let sales = round + (point == .beforeTheClaim ? 0 : 1)
                try await eventually("\(point): it is sold", within: .seconds(20)) {
                    try await rig.stops() >= sales ? true : nil
                }
                try await rig.settle()
                #expect(try await rig.soldOnce("sl-") == sales, "\(point)")
            }
            try await execution.kill()
        }
    }

    @Test("an order that closes the position sells once", arguments: [OrderPurpose.exit, .flatten])
    func closes(_ purpose: OrderPurpose) async throws {
        try await withRig { rig in
            var execution = try rig.execution()
            let points: [Point] =
                purpose == .exit
                ? [.beforeTheClaim, .requestHeld, .beforeTheFillIsBooked] : [.requestLost, .answerLost]
            for (round, point) in points.enumerated() {
                try await rig.ready()
                let symbol = rig.symbols[round % 2]
                try await rig.approve("ord-\(round)", symbol)
                try await rig.wait(for: "ord-\(round)", "filled")
                try await rig.settle()
                try await self.kill(execution, at: point, rig) {
                    try await rig.approve("out-\(round)", symbol, purpose)
                }
                execution = try rig.execution()
                try await rig.ready()
                try await rig.wait(for: "out-\(round)", "filled")
                try await rig.settle()
                #expect(try await rig.soldOnce("out-") == round + 1, "\(point)")
            }
            try await execution.kill()
        }
    }

    /// Has something sold, and kills execution on the way.
    private func kill(
        _ execution: RunningProgram, at point: Point, _ rig: Rig, selling: () async throws -> Void
    ) async throws {
        switch point {
        case .beforeTheClaim:
            let lock = try await rig.lockAccount()
            try await selling()
            try await rig.waitForLock("execution")
            try await execution.kill()
            await lock.release()
        case .requestHeld:
            try await rig.control("hold-request?milliseconds=600")
            try await selling()
            try await rig.waitForHeld()
            try await execution.kill()
        case .requestLost:
            try await rig.control("lose-request")
            try await selling()
            try await eventually("the sale was sent") {
                try await rig.risk.query(
                    """
                    SELECT 1 AS one FROM orders WHERE state = 'submitting' AND (fired OR purpose IN ('exit', 'flatten'))
                    """
                ).isEmpty ? nil : true
            }
            try await execution.kill()
        case .answerLost:
            let before = try await rig.sales()
            try await rig.control("lose-answer")
            try await rig.control("lose-fills?count=1")
            try await selling()
            try await eventually("it is sold") { try await rig.sales() > before ? true : nil }
            try await execution.kill()
        case .beforeTheFillIsBooked:
            try await rig.control("hold-request?milliseconds=500")
            try await selling()
            try await rig.waitForHeld()
            let lock = try await rig.lockAccount()
            try await rig.waitForLock("execution")
            try await execution.kill()
            await lock.release()
        }
    }
}

extension Rig {
    /// The exchange has a request that it does not answer yet.
    fileprivate func waitForHeld() async throws {
        try await eventually("the exchange holds the request") {
            try await self.there("held", as: Int.self) == 1 ? true : nil
        }
    }

    fileprivate func sales() async throws -> Int {
        let fills = try await there("fills", as: [ThereFill].self)
        return fills.count { $0.clientOrderId.hasPrefix("sl-") || $0.clientOrderId.hasPrefix("out-") }
    }

    /// How many orders with ids that begin so have sold, each all of one position.
    fileprivate func soldOnce(_ prefix: String) async throws -> Int {
        let fills = try await there("fills", as: [ThereFill].self).filter { $0.clientOrderId.hasPrefix(prefix) }
        let sums = Dictionary(grouping: fills, by: \.clientOrderId).mapValues { $0.reduce(.zero) { $0 + $1.qty } }
        for (id, sum) in sums { #expect(sum == Make.quantity(10_000), "\(id)") }
        return sums.count
    }
}
