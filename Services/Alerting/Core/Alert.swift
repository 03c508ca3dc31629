package import Domain

/// Something that fires or has ended, known by its labels. Times are wall time, for alerts are about what people see.
package struct Alert: Codable, Hashable, Sendable {
    /// How it ends.
    package enum Kind: String, Codable, Sendable {
        /// A state that lasts until somebody says that it is over.
        case condition
        /// An occurrence: told once, never resolved.
        case event
    }

    package let labels: Labels
    package var annotations: Labels
    package var startsAt: Timestamp
    package var endsAt: Timestamp
    /// When it was last heard of.
    package var updatedAt: Timestamp
    /// `endsAt` is only how long we wait to hear of it again.
    package var endIsTimeout: Bool
    package var generatorURL: String
    package var kind: Kind
    /// How often it came and went of late; nil when no rule asks.
    package var flapping: Flapping?

    package init(
        labels: Labels, annotations: Labels, startsAt: Timestamp, endsAt: Timestamp, updatedAt: Timestamp,
        endIsTimeout: Bool, generatorURL: String, kind: Kind
    ) {
        self.labels = labels
        self.annotations = annotations
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.updatedAt = updatedAt
        self.endIsTimeout = endIsTimeout
        self.generatorURL = generatorURL
        self.kind = kind
    }

    package var fingerprint: Fingerprint { labels.fingerprint }

    /// Whether it is over; an occurrence never is.
    package func isResolved(at now: Timestamp) -> Bool { kind == .condition && endsAt <= now }

    /// Whether it inhibits others and is listed: of an occurrence, for as long as it lasts.
    package func isActive(at now: Timestamp) -> Bool { endsAt > now }

    /// One alert out of what was known and what has come: the longest stretch, the newest words.
    func merged(with newer: Alert, at now: Timestamp) -> Alert {
        // No overlap: it is a new occurrence.
        guard
            (newer.endsAt > startsAt && newer.endsAt < endsAt) || (newer.startsAt > startsAt && newer.startsAt < endsAt)
        else { return newer }
        var result = newer
        result.startsAt = min(startsAt, newer.startsAt)
        if newer.isResolved(at: now) {
            if isResolved(at: now) { result.endsAt = max(endsAt, newer.endsAt) }
        } else if endsAt > newer.endsAt, !endIsTimeout {
            // An end that was said wins over one that we only suppose.
            result.endsAt = endsAt
        }
        return result
    }
}

/// An alert as somebody posts it: times may be absent.
package struct PostedAlert: Hashable, Sendable {
    package let labels: Labels
    package let annotations: Labels
    package let startsAt: Timestamp?
    package let endsAt: Timestamp?
    package let generatorURL: String
    package let kind: Alert.Kind

    package init(
        labels: Labels, annotations: Labels = .none, startsAt: Timestamp? = nil, endsAt: Timestamp? = nil,
        generatorURL: String = "", kind: Alert.Kind = .condition
    ) {
        self.labels = labels
        self.annotations = annotations
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.generatorURL = generatorURL
        self.kind = kind
    }

    /// With the times filled in: an absent end is `now` and the time limit; an absent start is the end, else now.
    ///
    /// The result may end before it starts; whoever takes posts in refuses that.
    package func alert(at now: Timestamp, resolveTimeout: Timestamp.Span) -> Alert {
        Alert(
            labels: labels, annotations: annotations, startsAt: startsAt ?? endsAt ?? now,
            endsAt: endsAt ?? now + resolveTimeout, updatedAt: now, endIsTimeout: endsAt == nil,
            generatorURL: generatorURL, kind: kind)
    }
}
