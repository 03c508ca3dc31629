import AlertingCore
import Domain
import ServiceKit

import struct Foundation.TimeZone

/// Reads `time_intervals`, and `mute_time_intervals` as it was called before.
enum TimeIntervalReader {
    static func read(_ reader: SettingsReader) -> [String: [TimeInterval]] {
        var all: [String: [TimeInterval]] = [:]
        for key in ["time_intervals", "mute_time_intervals"] {
            for item in reader.items(key) {
                let name = item.string("name")
                if all[name] != nil { item.fault("name", "two time intervals have this name") }
                all[name] = item.items("time_intervals").map(interval)
            }
        }
        return all
    }

    private static func interval(_ item: SettingsReader) -> TimeInterval {
        var interval = TimeInterval()
        for time in item.items("times") {
            let (start, end) = (time.string("start_time"), time.string("end_time"))
            take(time, "start_time") { () throws(TimeInterval.Failure) in
                interval.times.append(try TimeInterval.times(from: start, to: end))
            }
        }
        each(item, "weekdays") { text throws(TimeInterval.Failure) in
            interval.weekdays.append(try TimeInterval.weekdays(text))
        }
        each(item, "days_of_month") { text throws(TimeInterval.Failure) in
            interval.daysOfMonth.append(try TimeInterval.daysOfMonth(text))
        }
        each(item, "months") { text throws(TimeInterval.Failure) in
            interval.months.append(try TimeInterval.months(text))
        }
        each(item, "years") { text throws(TimeInterval.Failure) in interval.years.append(try TimeInterval.years(text)) }
        if let name = item.optionalString("location") {
            if let zone = Zone.named(name == "Local" ? TimeZone.current.identifier : name) {
                interval.zone = zone
            } else {
                item.fault("location", "no time zone has this name")
            }
        }
        return interval
    }

    private static func each(
        _ item: SettingsReader, _ key: String, _ add: (String) throws(TimeInterval.Failure) -> Void
    ) {
        for text in item.strings(key, default: []) {
            take(item, key) { () throws(TimeInterval.Failure) in try add(text) }
        }
    }

    private static func take(_ item: SettingsReader, _ key: String, _ add: () throws(TimeInterval.Failure) -> Void) {
        do throws(TimeInterval.Failure) { try add() } catch { item.fault(key, "\(error)") }
    }
}
