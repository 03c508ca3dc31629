import Domain
import ServiceKit

/// The numbers that alerts go by: what holds, and how often another one would have fired, before it is saved.
struct ThresholdsPage: Sendable {
    private static let shownEpisodes = 10

    let keeper: ThresholdKeeper
    /// Nil: the settings name none.
    let prometheus: PrometheusClient?
    let clock: any WallClock

    func add(to router: PageRouter, _ api: ServiceAPI) {
        router.get("/ui/thresholds", "Thresholds", on: api) { _, _ in list(try await keeper.current()) }
        router.get("/ui/thresholds/edit", "Threshold", on: api) { _, query in
            let threshold = try Self.threshold(query)
            let current = try await keeper.current()
            return await form(threshold, current, current.value(of: threshold), isChecked: false)
        }
        router.post("/ui/thresholds/edit", "Threshold", on: api) { visitor, form in
            try await take(form, by: visitor)
        }
    }

    private func list(_ version: SettingsVersion) -> PageAnswer {
        let sections = ThresholdCatalog.sections.map { section in
            let rows = section.thresholds.map { threshold in
                [
                    "name": threshold.name, "alert": threshold.alert, "meaning": threshold.meaning,
                    "value": threshold.words(for: version.value(of: threshold)),
                    "standard": threshold.words(for: threshold.standard),
                    "isSet": version.thresholds[threshold.name] != nil,
                ] as [String: any Sendable]
            }
            return ["title": section.title, "rows": rows] as [String: any Sendable]
        }
        return .content(template: "thresholds", model: ["sections": sections, "version": "\(version.number)"])
    }

    /// A form that was sent: it is checked first, and saved only as it was checked.
    private func take(_ form: PageForm, by visitor: PageVisitor) async throws -> PageAnswer {
        let threshold = try Self.threshold(form)
        let current = try await keeper.current()
        let value: Ratio
        do throws(Threshold.Refusal) {
            value = form["action"] == "standard" ? threshold.standard : try threshold.value(form["value"])
        } catch {
            return await self.form(
                threshold, current, current.value(of: threshold), isChecked: false, text: form["value"],
                comment: form["comment"], problem: error.description)
        }
        guard form["action"] == "save", form["checked"] == value.description else {
            return await self.form(threshold, current, value, isChecked: true, comment: form["comment"])
        }
        guard !form["comment"].isEmpty else {
            return await self.form(
                threshold, current, value, isChecked: true, problem: "Say why: others will wonder.")
        }
        return try await save(threshold, value, current, form, by: visitor)
    }

    private func save(
        _ threshold: Threshold, _ value: Ratio, _ current: SettingsVersion, _ form: PageForm, by visitor: PageVisitor
    ) async throws -> PageAnswer {
        var thresholds = current.thresholds
        thresholds[threshold.name] = value == threshold.standard ? nil : value
        guard thresholds != current.thresholds else {
            return .go(to: "/ui/thresholds", message: "It was \(threshold.words(for: value)) already.")
        }
        let change =
            "\(threshold.alert): \(threshold.words(for: current.value(of: threshold))) → \(threshold.words(for: value))"
        do {
            let saved = try await keeper.save(
                SettingsDraft(
                    base: Int64(form["base"]) ?? -1, thresholds: thresholds, by: visitor.name,
                    comment: String(form["comment"].prefix(500)), action: "set threshold", detail: change))
            return .go(to: "/ui/thresholds", message: "Version \(saved.number) holds. \(change).")
        } catch is AlertStore.SettingsConflict {
            let now = try await keeper.current()
            return await self.form(
                threshold, now, value, isChecked: true, comment: form["comment"],
                problem: "\(now.by) has changed the settings meanwhile (version \(now.number)). Look again, then save.")
        }
    }

    // MARK: - The form

    private func form(
        _ threshold: Threshold, _ current: SettingsVersion, _ value: Ratio, isChecked: Bool, text: String? = nil,
        comment: String = "", problem: String? = nil
    ) async -> PageAnswer {
        var model: [String: any Sendable] = [
            "name": threshold.name, "alert": threshold.alert, "meaning": threshold.meaning,
            "unit": threshold.unit.words, "value": text ?? threshold.text(of: value), "comment": comment,
            "low": threshold.text(of: threshold.bounds.lowerBound),
            "high": threshold.text(of: threshold.bounds.upperBound),
            "inForce": threshold.words(for: current.value(of: threshold)),
            "standard": threshold.words(for: threshold.standard),
            "isSet": current.value(of: threshold) != threshold.standard, "base": "\(current.number)",
            "checked": value.description, "canSave": isChecked && value != current.value(of: threshold),
            "unchanged": isChecked && value == current.value(of: threshold),
            "proposed": threshold.words(for: value), "days": ThresholdForecast.span.nanoseconds / 86_400_000_000_000,
            "expression": threshold.expression(with: value),
        ]
        await look(threshold, value, current.value(of: threshold), into: &model)
        return .content(template: "threshold", model: model, problem: problem)
    }

    /// What Prometheus remembers, or why that is not known.
    private func look(
        _ threshold: Threshold, _ value: Ratio, _ inForce: Ratio, into model: inout [String: any Sendable]
    ) async {
        guard let prometheus else {
            model["away"] = "The settings name no Prometheus (alerting.prometheus_url)."
            return
        }
        let now = clock.now()
        do throws(PrometheusClient.Failure) {
            let forecast = try await ThresholdForecast(threshold, value, inForce: inForce, at: now, prometheus)
            model.merge(Self.model(forecast, threshold, value, now)) { $1 }
        } catch {
            model["away"] = error.description
        }
    }

    private static func model(
        _ forecast: ThresholdForecast, _ threshold: Threshold, _ value: Ratio, _ now: Timestamp
    ) -> [String: any Sendable] {
        let picture = forecast.curve.picture(value.approximate)
        return [
            "known": true, "times": times(forecast.episodes.count), "timesNow": times(forecast.episodesNow),
            "highest": forecast.curve.highest.map { highest(threshold, $0) } ?? "", "lines": picture.lines,
            "level": picture.level, "blank": forecast.curve.highest == nil,
            "since": forecast.curve.since.map { since($0, now) } ?? "",
            "episodes": forecast.episodes.prefix(shownEpisodes).map { episode in
                let start = Timestamp(milliseconds: Int64(episode.start * 1000))
                let names = episode.labels.filter { $0.key != "__name__" && $0.key != "job" }
                return [
                    "start": PageText.moment(start),
                    "length": PageText.span(.milliseconds(Int64((episode.end - episode.start) * 1000))),
                    "labels": names.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" },
                ] as [String: any Sendable]
            },
            "rest": max(0, forecast.episodes.count - shownEpisodes),
        ]
    }

    private static func times(_ count: Int) -> String { count == 1 ? "once" : count == 0 ? "never" : "\(count) times" }

    /// Three digits are enough to look at.
    private static func highest(_ threshold: Threshold, _ value: Double) -> String {
        guard let rounded = Ratio(rounding: value) else { return "" }
        return threshold.words(for: rounded)
    }

    /// Says so when Prometheus remembers less than was asked for.
    private static func since(_ first: Double, _ now: Timestamp) -> String {
        let start = Timestamp(milliseconds: Int64(first * 1000))
        return start - (now - ThresholdForecast.span) > .minutes(60) ? PageText.moment(start) : ""
    }

    private static func threshold(_ form: PageForm) throws -> Threshold {
        guard let threshold = ThresholdCatalog[form["name"]] else {
            throw Problem.notFound("There is no threshold of this name.")
        }
        return threshold
    }
}

extension Ratio {
    /// A measured value in three digits; nil when it is too large.
    fileprivate init?(rounding value: Double) {
        guard value.isFinite, abs(value) < 1e10 else { return nil }
        var digit = 1.0
        while abs(value) / digit >= 1000 { digit *= 10 }
        while abs(value) > 1e-6, abs(value) / digit < 100 { digit /= 10 }
        self.init(raw: Int64((value / digit).rounded() * digit * 1e8))
    }
}
