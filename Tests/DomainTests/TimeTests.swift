import Domain
import Testing

@Suite("Time")
struct TimeTests {
    @Test("a moment prints as ISO 8601 in UTC")
    func description() {
        #expect(Timestamp(milliseconds: 1_619_323_260_007).description == "2021-04-25T04:01:00.007Z")
        #expect(Timestamp(milliseconds: -1).description == "1969-12-31T23:59:59.999Z")
    }

    @Test("weeks start on Monday, days at midnight UTC")
    func boundaries() {
        let sunday = Timestamp(seconds: CivilDay(year: 2021, month: 4, day: 25).daysSinceEpoch * 86_400 + 15_000)
        #expect(Timeframe.week1.open(containing: sunday).description == "2021-04-19T00:00:00.000Z")
        #expect(Timeframe.day1.open(containing: sunday).description == "2021-04-25T00:00:00.000Z")
        #expect(Timeframe.hour4.open(containing: sunday).description == "2021-04-25T04:00:00.000Z")
        #expect(
            Timeframe.minute5.open(containing: Timestamp(nanoseconds: -1)).description == "1969-12-31T23:55:00.000Z")
    }

    @Test("a moment at the end of the range has a candle to fall into")
    func ends() {
        for time in [Timestamp(nanoseconds: .max), Timestamp(nanoseconds: .min)] {
            for timeframe in Timeframe.allCases { _ = timeframe.open(containing: time) }
        }
    }

    @Test("a civil day survives a round trip over leap years")
    func civil() {
        for days in stride(from: Int64(-200_000), through: 200_000, by: 37) {
            let day = CivilDay(daysSinceEpoch: days)
            let (year, month, dayOfMonth) = day.parts
            #expect(CivilDay(year: year, month: month, day: dayOfMonth) == day)
        }
        #expect(CivilDay(year: 2024, month: 2, day: 29).description == "2024-02-29")
    }
}
