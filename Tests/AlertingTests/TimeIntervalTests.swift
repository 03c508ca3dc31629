import AlertingCore
import Domain
import Testing

@testable import AlertingApp

struct TimeIntervalTests {
    /// 2026-11-21 is a Saturday.
    private func time(_ year: Int64, _ month: Int64, _ day: Int64, _ hour: Int64 = 12, _ minute: Int64 = 0) -> Timestamp
    {
        CivilDay(year: year, month: month, day: day).start + .minutes(hour * 60 + minute)
    }

    @Test func `each field is a list of ranges, and all fields must hold`() throws {
        let office = TimeInterval(
            times: [
                try TimeInterval.times(from: "09:00", to: "12:00"), try TimeInterval.times(from: "13:00", to: "17:30"),
            ],
            weekdays: [try TimeInterval.weekdays("monday:friday")])
        #expect(office.contains(time(2026, 11, 20, 9)))
        #expect(!office.contains(time(2026, 11, 20, 12)))
        #expect(office.contains(time(2026, 11, 20, 17, 29)))
        #expect(!office.contains(time(2026, 11, 20, 17, 30)))
        #expect(!office.contains(time(2026, 11, 21, 10)))
        #expect(TimeInterval().contains(time(2026, 11, 21)))
        let late = TimeInterval(times: [try TimeInterval.times(from: "23:00", to: "24:00")])
        #expect(late.contains(time(2026, 11, 21, 23, 59)))
    }

    @Test func `days count from the end of the month too`() throws {
        let last = TimeInterval(daysOfMonth: [try TimeInterval.daysOfMonth("-1")])
        #expect(last.contains(time(2026, 2, 28)))
        #expect(!last.contains(time(2024, 2, 28)))
        #expect(last.contains(time(2024, 2, 29)))
        #expect(last.contains(time(2026, 12, 31)))
        let late = TimeInterval(daysOfMonth: [try TimeInterval.daysOfMonth("29:31")])
        #expect(!late.contains(time(2026, 2, 28)))
        #expect(late.contains(time(2026, 4, 30)))
        let rest = TimeInterval(daysOfMonth: [try TimeInterval.daysOfMonth("20:-1")])
        #expect(rest.contains(time(2026, 2, 28)))
        #expect(!rest.contains(time(2026, 2, 19)))
    }

    @Test func `months and years`() throws {
        let interval = TimeInterval(
            months: [try TimeInterval.months("January:3"), try TimeInterval.months("december")],
            years: [try TimeInterval.years("2026:2027")])
        #expect(interval.contains(time(2026, 3, 31)))
        #expect(!interval.contains(time(2026, 4, 1)))
        #expect(interval.contains(time(2027, 12, 1)))
        #expect(!interval.contains(time(2028, 1, 1)))
    }

    @Test func `the clock on the wall of a zone counts`() throws {
        let berlin = try #require(Zone.named("Europe/Berlin"))
        let nine = TimeInterval(times: [try TimeInterval.times(from: "09:00", to: "10:00")], zone: berlin)
        #expect(nine.contains(time(2026, 11, 20, 8)))
        #expect(nine.contains(time(2026, 7, 20, 7)))
        #expect(!nine.contains(time(2026, 7, 20, 8)))
        // The hour in which the clocks change: 2026-10-25 at 01:00 UTC.
        #expect(berlin.offset(at: time(2026, 10, 25, 0, 59)) == 7200)
        #expect(berlin.offset(at: time(2026, 10, 25, 1)) == 3600)
        let kolkata = try #require(Zone.named("Asia/Kolkata"))
        #expect(kolkata.offset(at: time(2026, 1, 1)) == 19_800)
        #expect(Zone.named("Europe/Nowhere") == nil)
    }

    @Test(arguments: ["funday", "friday:monday", "monday:tuesday:sunday", "", ":"])
    func `what is no weekday`(text: String) {
        #expect(throws: TimeInterval.Failure.self) { try TimeInterval.weekdays(text) }
    }

    @Test(arguments: ["0", "32", "-32", "5:1", "-1:-3", "-3:3", "x"])
    func `what is no day`(text: String) {
        #expect(throws: TimeInterval.Failure.self) { try TimeInterval.daysOfMonth(text) }
    }

    @Test(arguments: [("9:00", "10:00"), ("10:00", "09:00"), ("10:00", "24:01"), ("10:60", "11:00"), ("", "10:00")])
    func `what is no time`(start: String, end: String) {
        #expect(throws: TimeInterval.Failure.self) { try TimeInterval.times(from: start, to: end) }
    }
}
