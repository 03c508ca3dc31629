import Foundation
import ServiceKit

/// The settings of this service.
///
/// - `alerting.config_file` (text, required): routes and receivers, in Alertmanager's form.
/// - `alerting.spool_folder` (text, default `var/alerting`): where alerts are kept while Postgres is away.
/// - `alerting.external_url` (text, default empty): where people reach this service, for links.
/// - `alerting.allow_private_receivers` (true or false, default false): receivers may be inside one's own network.
struct AlertingSettings {
    let configurationFile: String
    let spoolFolder: URL
    let externalURL: String
    let allowPrivateReceivers: Bool
    /// Nil: the file is faulty, and the reader of the settings knows why.
    let configuration: AlertingConfiguration?

    init(_ reader: SettingsReader) {
        spoolFolder = URL(filePath: reader.string("alerting.spool_folder", default: "var/alerting"))
        externalURL = reader.optionalString("alerting.external_url") ?? ""
        allowPrivateReceivers = reader.boolean("alerting.allow_private_receivers", default: false)
        configurationFile = reader.string("alerting.config_file")
        do throws(ConfigurationError) {
            configuration = try ConfigurationReader.load(configurationFile, externalURL: externalURL)
        } catch {
            for fault in error.faults { reader.fault("alerting.config_file", fault) }
            configuration = nil
        }
    }
}
