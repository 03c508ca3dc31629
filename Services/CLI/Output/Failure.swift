import ArgumentParser
import Foundation
import Outbound
import ServiceKit
import Store

/// What could not be done, and how to mend it.
struct Failure: Error, Equatable, CustomStringConvertible {
    let what: String
    let mend: String
    let status: Int32

    init(_ what: String, mend: String, status: Int32 = 1) {
        self.what = what
        self.mend = mend
        self.status = status
    }

    var description: String { "plimsoll: \(what)\n  → \(mend)" }

    /// A service or the database is not there.
    static let unreachable: Int32 = 69
    /// The settings are at fault.
    static let settings: Int32 = 78
}

extension Failure {
    /// What the database did not do.
    init(_ error: StoreError, settings: DatabaseSettings) {
        switch error.code {
        case _ where error.isConnectionTrouble:
            self.init(
                "the database does not answer: \(error.message)",
                mend: "see that PostgreSQL and PgBouncer run at \(settings.host):\(settings.port)",
                status: Failure.unreachable)
        case .statement where error.sqlState == "42P01":
            self.init("the database has no schema yet", mend: "run `plimsoll migrate`")
        default: self.init("the database refused: \(error.message)", mend: "run `plimsoll preflight` for more")
        }
    }
}

/// Runs a command's body; what it throws is said on stderr with what to do about it, and becomes the exit status.
func reporting(_ body: () async throws -> Void) async throws {
    let failure: Failure
    do {
        return try await body()
    } catch let error as Failure {
        failure = error
    } catch let error as SettingsError {
        failure = Failure(error.description, mend: "correct what is named above", status: Failure.settings)
    } catch let error as StoreError {
        failure = Failure(error.description, mend: "run `plimsoll preflight` for more")
    } catch let error as HTTPClientError {
        failure = Failure(error.message, mend: "see that the service runs", status: Failure.unreachable)
    }
    FileHandle.standardError.write(Data("\(failure)\n".utf8))
    throw ExitCode(failure.status)
}
