import Foundation

/// Packages of PyPI that judge from outside what we send; each set in an environment of its own.
package enum PythonPackages {
    /// The Python that has the package, installed at its first use.
    ///
    /// - Parameter package: with its version, as pip takes it.
    package static func python(with package: String) async throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "plimsoll-python-\(package)")
        let python = folder.appending(path: "bin/python").path
        let mark = folder.appending(path: "complete").path
        guard !FileManager.default.fileExists(atPath: mark) else { return python }
        try await Command.require("/usr/bin/python3", ["-m", "venv", "--clear", folder.path])
        try await Command.require(python, ["-m", "pip", "install", "--quiet", package])
        try Data().write(to: URL(filePath: mark))
        return python
    }
}
