import AlertingCore
import Domain

/// What a template can show: a notice, in the reference's names.
struct TemplateData: Sendable {
    /// One alert of the notice.
    struct Entry: Sendable {
        let status: String
        let labels: Labels
        let annotations: Labels
        let startsAt: Timestamp
        let endsAt: Timestamp
        let generatorURL: String
        let fingerprint: String

        func member(_ name: String) -> TemplateValue? {
            switch name {
            case "Status": .text(status)
            case "Labels": .labels(labels)
            case "Annotations": .labels(annotations)
            case "StartsAt": .time(startsAt)
            case "EndsAt": .time(endsAt)
            case "GeneratorURL": .text(generatorURL)
            case "Fingerprint": .text(fingerprint)
            default: nil
            }
        }
    }

    let receiver: String
    let alerts: [Entry]
    let groupLabels: Labels
    let commonLabels: Labels
    let commonAnnotations: Labels
    let externalURL: String

    var status: String { alerts.contains { $0.status == "firing" } ? "firing" : "resolved" }

    func member(_ name: String) -> TemplateValue? {
        switch name {
        case "Receiver": .text(receiver)
        case "Status": .text(status)
        case "Alerts": .alerts(alerts)
        case "GroupLabels": .labels(groupLabels)
        case "CommonLabels": .labels(commonLabels)
        case "CommonAnnotations": .labels(commonAnnotations)
        case "ExternalURL": .text(externalURL)
        default: nil
        }
    }
}

extension TemplateData {
    init(_ notice: Notice, externalURL: String) {
        receiver = notice.receiver
        alerts = notice.alerts.map { alert in
            let resolved = alert.isResolved(at: notice.at)
            return Entry(
                status: resolved ? "resolved" : "firing", labels: alert.labels, annotations: alert.annotations,
                startsAt: alert.startsAt, endsAt: alert.endsAt, generatorURL: alert.generatorURL,
                fingerprint: "\(alert.fingerprint)")
        }
        groupLabels = notice.groupLabels
        commonLabels = notice.commonLabels
        commonAnnotations = notice.commonAnnotations
        self.externalURL = externalURL
    }

    /// One alert that fires and one that has ended, to try a template on.
    static let sample: TemplateData = {
        let labels = Labels(["alertname": "SourceDown", "severity": "critical", "instance": "market-data-1"])
        func entry(_ status: String) -> Entry {
            Entry(
                status: status, labels: labels, annotations: Labels(["summary": "A source is down"]),
                startsAt: Timestamp(seconds: 1_700_000_000), endsAt: Timestamp(seconds: 1_700_000_300),
                generatorURL: "http://prometheus.example.com/graph", fingerprint: "0123456789abcdef")
        }
        return TemplateData(
            receiver: "team", alerts: [entry("firing"), entry("resolved")], groupLabels: labels.only(["alertname"]),
            commonLabels: labels, commonAnnotations: Labels(["summary": "A source is down"]),
            externalURL: "http://alerting.example.com")
    }()
}
