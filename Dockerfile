# The programs of the suite in one image; each container runs one of them. Needs BuildKit, which is Docker's default.
FROM swift:6.3-bookworm AS build
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends libpq-dev libhiredis-dev libcurl4-openssl-dev libre2-dev zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Shared Shared
COPY Services Services
COPY Tests Tests
# The build folder is kept from one image build to the next, so that an update compiles only what it changed. The Swift
# libraries are shared by all programs, on disk and in memory; those that are used go along.
RUN --mount=type=cache,target=/source/.build,sharing=locked \
    --mount=type=cache,target=/root/.cache,sharing=locked \
    set -- -c release -Xswiftc -gnone -Xlinker -s \
 && swift build "$@" \
 && mkdir -p /programs /libraries \
 && cd "$(swift build "$@" --show-bin-path)" \
 && cp market-data strategy risk-manager execution alerting exchange-sim plimsoll benchmarks /programs/ \
 && ldd /programs/* | awk '$3 ~ "^/usr/lib/swift/" { print $3 }' | sort -u | xargs cp -t /libraries

FROM debian:bookworm-slim
RUN apt-get update -q \
 && apt-get install -y -q --no-install-recommends libpq5 libhiredis0.14 libcurl4 libre2-9 zlib1g ca-certificates curl tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --home-dir /srv/plimsoll --shell /usr/sbin/nologin plimsoll \
 && install -d -o plimsoll -g plimsoll /srv/plimsoll/var /srv/plimsoll/var/execution /srv/plimsoll/var/alerting \
    /srv/plimsoll/var/exchange-sim
COPY --from=build /libraries/ /usr/lib/swift/linux/
COPY --from=build /programs/market-data /programs/strategy /programs/risk-manager /programs/execution /programs/alerting \
     /programs/exchange-sim /programs/plimsoll /usr/local/bin/
COPY config /srv/plimsoll/config
COPY Shared/Store/Migrations /srv/plimsoll/Shared/Store/Migrations
WORKDIR /srv/plimsoll
USER plimsoll
