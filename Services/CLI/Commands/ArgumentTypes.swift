public import ArgumentParser
public import Domain

extension Money: ExpressibleByArgument {}
extension Goal.Kind: ExpressibleByArgument {}
extension Timeframe: ExpressibleByArgument {}
