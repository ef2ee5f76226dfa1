// Generated from api/openapi.yaml by npm run types. Do not edit.
export interface paths {
    "/price/{coin_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The price of one coin */
        get: operations["coinPrice"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/history/{coin_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Prices, market caps and volumes of the last days
         * @description 5-minute points for one day, hourly ones up to 90 days, daily ones beyond. Own candles come first, stored points of the aggregator fill up; where both lack the range the aggregator is asked once, and after eight seconds the answer is what there is, with complete false. In another currency than USD each point takes that currency's own price at the time where it is stored, else the present rate; conversion says which.
         */
        get: operations["coinHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/top-coins/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The top coins
         * @description Coins that lack the figure sorted by come last in either order.
         */
        get: operations["topCoins"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prices/{base}/{quote}/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The price of a pair */
        get: operations["pairCurrent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/prices/{base}/{quote}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * 24 hours of a pair, minute by minute, and its volatility rank
         * @description 1-minute closes, each at the end of its minute: from stored candles, else from memory, else the aggregator's points. In another quote than USD each minute takes the quote's own price of that minute where there is one, else the present rate; conversion says which. volatility_rank is the place in /api/v1/rankings/volatility, null where there are too few minutes.
         */
        get: operations["pairHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/cryptos/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A page with the top 10 coins, live */
        get: operations["cryptosPage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Find assets
         * @description Best match first, then best rank. Fiat currencies and metals are assets, too.
         */
        get: operations["assets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/assets/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One asset and its ticker */
        get: operations["asset"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/prices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Tickers of many assets
         * @description Without ids all tracked coins. With ids, unpriced names those asked for that have no price.
         */
        get: operations["prices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/markets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What each venue says of each pair, and whether it counts
         * @description The price of an asset is the volume-weighted median of the venues that count. used says whether this one does, reason why not: outlier (too far from the others), frozen (its price has not moved for far longer than it usually takes, while others' has), quiet (others are live), stale, down, no_price, no_rate (its quote has no price), not_counted, not_subscribed. By the rank of the base, then quote and venue by name.
         */
        get: operations["markets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pairs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Pairs, with the best bid and ask of all venues
         * @description The best bid and ask among the venues that are fresh and plausible, each with its venue and age. Where venues disagree the best bid may lie above the best ask: then spread_bps is negative.
         */
        get: operations["pairs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/candles/{base}/{quote}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Candles of a pair
         * @description The newest limit candles that start in [start, end), by default of the last 24 h; start in the answer is where they really begin. Composite candles are kept in USD. In another quote they are converted minute by minute (for ranges over a week by the hour, or by the interval itself) with the quote's own candles where they are stored, else at the present rate; conversion says which.
         */
        get: operations["candles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/gaps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Times in which a source was not heard, and what became of them
         * @description The gaps of those asked for that touch [start, end), the newest first by their start, then by venue and symbol (bytes, the last first), page by page back in time: next_cursor says that there are more. All pages are of the range of the first one. A gap that fits the request from the first page to the last comes exactly once, also where it grows meanwhile; one that begins or ceases to fit meanwhile comes once or not at all. A gap without a symbol concerns every pair of its source; one with a symbol beside it says what differs for that pair. A pair whose spelling at the venue is not known any more, because it is not listed since the start, has its asset ids as its symbol (bitcoin/usd); its gap stays open until the pair is listed again. A gap that is open is filled from the source's own history as soon as the source is back. The source composite stands for single prices of composites that were not stored (disk_full, overflow); their candles were, so that such a gap is in no answer of candles.
         */
        get: operations["gaps"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/takeovers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * When another source began to give the price of an asset, and why
         * @description An asset's price is the composite of its exchange pairs while one of them is current and believed, else that of the first aggregator that is current, in the order of the configuration. Each change that lasted for five seconds is marked here: the changes in [start, end), the newest first, those of one time by the asset's id (the last first), page by page back in time: next_cursor says that there are more. All pages are of the range of the first one, and each change comes once. `from` is null where nobody had given a price. With one asset, `before` names the source until the oldest of `data`, or over the whole range where `data` is empty.
         */
        get: operations["takeovers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rankings/volatility": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Assets by volatility, the most volatile first
         * @description The sample standard deviation of the log returns of 1-minute closes over the window, not annualised. Returns are taken between consecutive minutes that both have a close; complete says that all 1439 are there. In a quote whose minutes are not known (a fiat rate that is only polled) the figure is that in USD, since a constant rate does not change a log return.
         */
        get: operations["volatilityRanking"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Health of every source */
        get: operations["sources"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What this server is doing */
        get: operations["status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Channels of the stream as server-sent events
         * @description For scripts and curl. Each event is a push message of WS /api/v1/stream; Last-Event-ID resumes. The channels and the messages are described in api/asyncapi.yaml.
         */
        get: operations["events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process runs */
        get: operations["livez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether requests can be answered, and what is missing
         * @description A stale venue does not fail it; that no price at all is live does.
         */
        get: operations["readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Whether requests can be answered, and what is missing
         * @description The same as /readyz.
         */
        get: operations["healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Figures for Prometheus */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Interactive documentation (Swagger UI) */
        get: operations["docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/redoc": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Documentation to read (Redoc) */
        get: operations["redoc"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description RFC 3339 in UTC with milliseconds, or milliseconds since 1970 with time_format=ms */
        Time: string;
        NullableTime: string | null;
        /** @description A number without exponent, or a decimal string with number_format=string */
        Number: number;
        NullableNumber: number | null;
        /**
         * @description How far a price can be trusted to be current
         * @enum {string}
         */
        State: "live" | "quiet" | "stale" | "down";
        /** @enum {string} */
        Origin: "real" | "simulated" | "replay";
        /** @description composite, or the id of the one source it came from */
        Source: string;
        /** @description Since when that source gives the price, in this run of the server; null before anybody spoke. What was before is at /api/v1/takeovers */
        SourceSince: string | null;
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            instance: string;
            /** @enum {string} */
            code: "invalid_parameter" | "unknown_asset" | "unknown_pair" | "unknown_path" | "method_not_allowed" | "body_too_large" | "uri_too_long" | "rate_limited" | "internal" | "starting" | "overloaded" | "upstream_unavailable";
            temporary: boolean;
            errors?: {
                parameter: string;
                value: string;
                allowed: string;
                near?: string[];
            }[];
        };
        CoinPrice: {
            coin_id: string;
            symbol: string;
            name: string;
            currency: string;
            price: components["schemas"]["Number"];
            market_cap: components["schemas"]["NullableNumber"];
            change_24h: components["schemas"]["NullableNumber"];
            change_24h_percent: components["schemas"]["NullableNumber"];
            last_updated: components["schemas"]["Time"];
            as_of: components["schemas"]["Time"];
            state: components["schemas"]["State"];
            origin: components["schemas"]["Origin"];
            source: components["schemas"]["Source"];
            source_since: components["schemas"]["SourceSince"];
        };
        TopCoin: {
            rank: number | null;
            coin_id: string;
            symbol: string;
            name: string;
            price: components["schemas"]["Number"];
            market_cap: components["schemas"]["NullableNumber"];
            change_24h: components["schemas"]["NullableNumber"];
            change_24h_percent: components["schemas"]["NullableNumber"];
            volume_24h: components["schemas"]["NullableNumber"];
            last_updated: components["schemas"]["Time"];
            as_of: components["schemas"]["Time"];
            state: components["schemas"]["State"];
            origin: components["schemas"]["Origin"];
            source: components["schemas"]["Source"];
            source_since: components["schemas"]["SourceSince"];
        };
        TopCoins: {
            currency: string;
            count: number;
            coins: components["schemas"]["TopCoin"][];
        };
        /** @description A time in which a source was not heard. Without a venue: for which nobody has data (no_data), or in which input was missed and nothing recorded says why (partial), as in the minute in which the program started */
        Gap: {
            venue: string | null;
            start: components["schemas"]["Time"];
            end: components["schemas"]["Time"];
            /** @enum {string} */
            cause: "disconnect" | "mute" | "overflow" | "restart" | "maintenance" | "disk_full" | "no_data" | "partial";
        };
        RecordedGap: {
            /** @description A source; composite: single prices of composites */
            venue: string;
            /** @description The pair in the source's spelling; null: all of its pairs */
            symbol: string | null;
            pair: string | null;
            start: components["schemas"]["Time"];
            end: components["schemas"]["Time"];
            /** @enum {string} */
            cause: "disconnect" | "mute" | "overflow" | "restart" | "maintenance" | "disk_full";
            /**
             * @description open (not filled yet), repaired (from the source's own history), or lost (not to be had any more)
             * @enum {string}
             */
            state: "open" | "repaired" | "lost";
            /** @description Trades that belong in it, where their numbers tell */
            expected: number | null;
            /** @description Trades (where it was filled with candles: minutes) that the repair brought */
            recovered: number;
        };
        RecordedGaps: {
            start: components["schemas"]["Time"];
            end: components["schemas"]["Time"];
            data: components["schemas"]["RecordedGap"][];
            next_cursor: string | null;
        };
        Takeovers: {
            start: components["schemas"]["Time"];
            end: components["schemas"]["Time"];
            /** @description With one asset, the source until the oldest of data; null: none, or not known */
            before: string | null;
            data: components["schemas"]["Takeover"][];
            next_cursor: string | null;
        };
        Takeover: {
            asset: string;
            at: components["schemas"]["Time"];
            /** @description composite, or the id of an aggregator; null: nobody gave a price */
            from: string | null;
            to: components["schemas"]["Source"];
            /**
             * @description first (nobody before), silent (the one before is not current any more), disbelieved (it is, but not plausible), or preferred (one that goes before it is back)
             * @enum {string}
             */
            cause: "first" | "silent" | "disbelieved" | "preferred";
        };
        /**
         * @description none (the figures are kept in this quote), candles (each at its own time), present_rate, or mixed
         * @enum {string}
         */
        Conversion: "none" | "candles" | "present_rate" | "mixed";
        /** @description Milliseconds since 1970, value */
        ChartPoint: [
            number,
            components["schemas"]["Number"]
        ];
        CoinHistory: {
            coin_id: string;
            currency: string;
            days: number;
            complete: boolean;
            gaps: components["schemas"]["Gap"][];
            origin: components["schemas"]["Origin"];
            /** @description composite, the aggregator's id, or both joined by a plus sign */
            source: string;
            conversion: components["schemas"]["Conversion"];
            prices: components["schemas"]["ChartPoint"][];
            market_caps: components["schemas"]["ChartPoint"][];
            total_volumes: components["schemas"]["ChartPoint"][];
        };
        PairPrice: {
            pair: string;
            price: components["schemas"]["Number"];
            as_of: components["schemas"]["Time"];
            state: components["schemas"]["State"];
            origin: components["schemas"]["Origin"];
            source: components["schemas"]["Source"];
            source_since: components["schemas"]["SourceSince"];
        };
        PairHistory: {
            pair: string;
            prices: {
                timestamp: components["schemas"]["Time"];
                price: components["schemas"]["Number"];
            }[];
            volatility_rank: number | null;
            complete: boolean;
            gaps: components["schemas"]["Gap"][];
            origin: components["schemas"]["Origin"];
            source: string;
            conversion: components["schemas"]["Conversion"];
        };
        Asset: {
            id: string;
            symbol: string;
            name: string;
            /** @enum {string} */
            kind: "coin" | "stablecoin" | "fiat" | "commodity";
            rank: number | null;
        };
        AssetList: {
            data: components["schemas"]["Asset"][];
            next_cursor: string | null;
        };
        Price: {
            pair: string;
            id: string;
            price: components["schemas"]["Number"];
            as_of: components["schemas"]["Time"];
            state: components["schemas"]["State"];
            origin: components["schemas"]["Origin"];
            source: components["schemas"]["Source"];
            source_since: components["schemas"]["SourceSince"];
        };
        /**
         * @description The one row used everywhere. In another quote than USD high and low are at the present rate, the change at the rates of both ends.
         * @example {
         *       "pair": "btc/usd",
         *       "id": "bitcoin",
         *       "symbol": "btc",
         *       "name": "Bitcoin",
         *       "rank": 1,
         *       "price": 64321.5,
         *       "as_of": "2026-06-01T12:00:00.123Z",
         *       "state": "live",
         *       "origin": "real",
         *       "source": "composite",
         *       "source_since": "2026-06-01T09:00:00.000Z",
         *       "venues": 3,
         *       "change_24h": 1210.2,
         *       "change_24h_pct": 1.92,
         *       "change_1h_pct": 0.21,
         *       "change_7d_pct": -3.4,
         *       "change_30d_pct": null,
         *       "high_24h": 64905.5,
         *       "low_24h": 62750.1,
         *       "window_source": "own",
         *       "market_cap": 1288000000000.5,
         *       "volume_24h": 29100000000,
         *       "circulating_supply": 19700000,
         *       "total_supply": 21000000,
         *       "max_supply": 21000000,
         *       "facts_as_of": "2026-06-01T11:59:30.000Z"
         *     }
         */
        Ticker: {
            pair: string;
            id: string;
            symbol: string;
            name: string;
            rank: number | null;
            price: components["schemas"]["Number"];
            as_of: components["schemas"]["Time"];
            state: components["schemas"]["State"];
            origin: components["schemas"]["Origin"];
            source: components["schemas"]["Source"];
            source_since: components["schemas"]["SourceSince"];
            /** @description Fresh exchange pairs in the composite */
            venues: number;
            change_24h: components["schemas"]["NullableNumber"];
            change_24h_pct: components["schemas"]["NullableNumber"];
            change_1h_pct: components["schemas"]["NullableNumber"];
            change_7d_pct: components["schemas"]["NullableNumber"];
            change_30d_pct: components["schemas"]["NullableNumber"];
            high_24h: components["schemas"]["NullableNumber"];
            low_24h: components["schemas"]["NullableNumber"];
            /**
             * @description Where the 24 h figures come from
             * @enum {string}
             */
            window_source: "own" | "aggregator" | "none";
            market_cap: components["schemas"]["NullableNumber"];
            volume_24h: components["schemas"]["NullableNumber"];
            circulating_supply: components["schemas"]["NullableNumber"];
            total_supply: components["schemas"]["NullableNumber"];
            max_supply: components["schemas"]["NullableNumber"];
            facts_as_of: components["schemas"]["NullableTime"];
            /** @description With detail=sources, the venues behind the price */
            sources?: components["schemas"]["Market"][];
        };
        AssetDetail: {
            id: string;
            symbol: string;
            name: string;
            /** @enum {string} */
            kind: "coin" | "stablecoin" | "fiat" | "commodity";
            rank: number | null;
            ticker: components["schemas"]["Ticker"] | null;
        };
        Prices: {
            quote: string;
            data: components["schemas"]["Ticker"][];
            /** @description Of ids, those without a price */
            unpriced?: string[];
            next_cursor: string | null;
        };
        Candle: {
            start: components["schemas"]["Time"];
            open: components["schemas"]["Number"];
            high: components["schemas"]["Number"];
            low: components["schemas"]["Number"];
            close: components["schemas"]["Number"];
            /** @description In the base asset; 0 for a composite candle that no trade fed */
            volume: number | string;
            /** @description Trades in it; for a composite candle the number of price updates. null where it has a volume and was made of its venue's own candles, which do not count them; a longer candle counts those of its minutes that are known */
            trades: number | null;
            /** @description The interval is over and late trades have had their time */
            final: boolean;
            /** @description No input was missed while it was open */
            complete: boolean;
            /** @description There, and true, where a composite candle (or a part of it) was made afterwards, out of what the venues had kept of a time in which none of them was heard */
            rebuilt?: boolean;
        };
        Candles: {
            base: string;
            quote: string;
            pair: string;
            /** @enum {string} */
            interval: "1m" | "5m" | "15m" | "1h" | "4h" | "1d";
            venue: string | null;
            origin: components["schemas"]["Origin"];
            source: components["schemas"]["Source"];
            conversion: components["schemas"]["Conversion"];
            start: components["schemas"]["Time"];
            end: components["schemas"]["Time"];
            complete: boolean;
            gaps: components["schemas"]["Gap"][];
            candles: components["schemas"]["Candle"][];
        };
        VolatilityRow: {
            rank: number;
            id: string;
            symbol: string;
            name: string;
            volatility: components["schemas"]["Number"];
            returns: number;
            complete: boolean;
            price: components["schemas"]["Price"] | null;
        };
        /**
         * @example {
         *       "quote": "usd",
         *       "window": "24h",
         *       "as_of": "2026-06-01T12:00:00.000Z",
         *       "data": [
         *         {
         *           "rank": 1,
         *           "id": "pepe",
         *           "symbol": "pepe",
         *           "name": "Pepe",
         *           "volatility": 0.00231,
         *           "returns": 1439,
         *           "complete": true,
         *           "price": {
         *             "pair": "pepe/usd",
         *             "id": "pepe",
         *             "price": 0.00001234,
         *             "as_of": "2026-06-01T12:00:00.123Z",
         *             "state": "live",
         *             "origin": "real",
         *             "source": "composite",
         *             "source_since": "2026-06-01T09:00:00.000Z"
         *           }
         *         }
         *       ],
         *       "next_cursor": null
         *     }
         */
        VolatilityRanking: {
            quote: string;
            /** @enum {string} */
            window: "24h";
            as_of: components["schemas"]["NullableTime"];
            data: components["schemas"]["VolatilityRow"][];
            next_cursor: string | null;
        };
        Market: {
            venue: string;
            pair: string;
            /** @description As the venue spells it */
            symbol: string;
            /** @description The middle of bid and ask, or the last trade, in USD at the quote's own rate; of those that do not count, too */
            price_usd: components["schemas"]["NullableNumber"];
            bid: components["schemas"]["NullableNumber"];
            ask: components["schemas"]["NullableNumber"];
            /** @description In basis points of the middle */
            spread_bps: components["schemas"]["NullableNumber"];
            /** @description The last trade's price */
            last: components["schemas"]["NullableNumber"];
            as_of: components["schemas"]["NullableTime"];
            /** @description How long ago that was, by this server's clock; not in the sources of /api/v1/prices */
            age_ms?: number | null;
            state: components["schemas"]["State"];
            /** @description Whether it has a say in the price of its base */
            used: boolean;
            /** @enum {string} */
            reason: "used" | "outlier" | "frozen" | "quiet" | "stale" | "down" | "no_price" | "no_rate" | "not_counted" | "not_subscribed";
            /** @description Its share in the price, 0 to 1 */
            weight: components["schemas"]["Number"];
            /** @description How far its price is from that of the base, in percent */
            deviation_pct: components["schemas"]["NullableNumber"];
        };
        Markets: {
            origin: components["schemas"]["Origin"];
            data: components["schemas"]["Market"][];
            next_cursor: string | null;
        };
        BestQuote: {
            price: components["schemas"]["Number"];
            venue: string;
            as_of: components["schemas"]["Time"];
            state: components["schemas"]["State"];
        };
        Pair: {
            pair: string;
            base: string;
            quote: string;
            venues: string[];
            live_venues: number;
            best_bid: components["schemas"]["BestQuote"] | null;
            best_ask: components["schemas"]["BestQuote"] | null;
            spread_bps: components["schemas"]["NullableNumber"];
        };
        Pairs: {
            origin: components["schemas"]["Origin"];
            data: components["schemas"]["Pair"][];
            next_cursor: string | null;
        };
        SourceRow: {
            id: string;
            name: string;
            /** @enum {string} */
            kind: "exchange" | "aggregator";
            /**
             * @description Life of the connection
             * @enum {string}
             */
            feed: "idle" | "connecting" | "subscribing" | "live" | "stale" | "backing_off" | "stopped";
            state: components["schemas"]["State"];
            since: components["schemas"]["NullableTime"];
            as_of: components["schemas"]["NullableTime"];
            host: string;
            /** @description Why, when it is not live */
            detail: string;
            pairs: number;
            live_pairs: number;
            /** @description How often a price of it began to be left out as too far from the others */
            outliers: number;
            /** @description Our clock less its own plus the quickest message's way here, of the last minute: some tens are normal, below nothing its clock is ahead. null where it gives no times. Ages are told by our clock whatever this says. */
            clock_offset_ms: number | null;
            /** @description Whether that is more than a second either way */
            clock_off: boolean;
            messages: number;
            trades: number;
            quotes: number;
            undecodable: number;
            connects: number;
            disconnects: number;
            /** @description The hosts that it is asked at or listened to, those that were not needed yet included */
            upstreams: components["schemas"]["Upstream"][];
            attribution: string;
            attribution_url: string;
        };
        /** @description By why it was called, the most important first. live, polls and lists of pairs; chart, somebody waits for it; repair of holes; backfill */
        CallCounts: {
            live: number;
            chart: number;
            repair: number;
            backfill: number;
        };
        /** @description A host and what it is used for. All who use a host share its breaker; all who use it with the same key share its budget. After five failures in a row (no connection, HTTP 5xx) the breaker opens and nobody calls; after a while a single trial goes through (half_open), which closes it or opens it for longer, up to a minute. 403 and 451 open it for half an hour at once. */
        Upstream: {
            /** @description With the path where the address has one */
            host: string;
            /** @enum {string} */
            service: "rest" | "stream";
            /** @enum {string} */
            breaker: "closed" | "open" | "half_open";
            /** @description Of that state */
            since: components["schemas"]["NullableTime"];
            /** @description In a row */
            failures: number;
            /** @description When the next trial is due; null while closed */
            retry_at: components["schemas"]["NullableTime"];
            /** @description Of the newest failure; empty while closed */
            reason: string;
            budget: components["schemas"]["UpstreamBudget"] | null;
        };
        /** @description Of REST services. Less important calls leave a part to the more important ones */
        UpstreamBudget: {
            /** @description Whether the service counts for our key, or for our address */
            keyed: boolean;
            /** @description Calls a minute that we allow ourselves; null, no limit of ours */
            per_minute: components["schemas"]["NullableNumber"];
            /** @description Calls that may come at once after a rest */
            burst: components["schemas"]["NullableNumber"];
            /** @description Calls that could be made now; null where neither side has a limit */
            available: components["schemas"]["NullableNumber"];
            /** @description The service asked for no call before (429, Retry-After) */
            paused_until: components["schemas"]["NullableTime"];
            /** @description What its headers said is left, in its own unit, less what was taken since; null where they say nothing */
            quota_remaining: components["schemas"]["NullableNumber"];
            quota_limit: components["schemas"]["NullableNumber"];
            quota_resets_at: components["schemas"]["NullableTime"];
            /** @description Let through */
            calls: components["schemas"]["CallCounts"];
            /** @description Told to come back later */
            delayed: components["schemas"]["CallCounts"];
        };
        /**
         * @example {
         *       "data": [
         *         {
         *           "id": "binance",
         *           "name": "Binance",
         *           "kind": "exchange",
         *           "feed": "live",
         *           "state": "live",
         *           "since": "2026-06-01T10:00:00.000Z",
         *           "as_of": "2026-06-01T12:00:00.123Z",
         *           "host": "stream.binance.com",
         *           "detail": "",
         *           "pairs": 312,
         *           "live_pairs": 250,
         *           "outliers": 0,
         *           "clock_offset_ms": 42,
         *           "clock_off": false,
         *           "messages": 123,
         *           "trades": 100,
         *           "quotes": 20,
         *           "undecodable": 0,
         *           "connects": 1,
         *           "disconnects": 0,
         *           "upstreams": [
         *             {
         *               "host": "stream.binance.com",
         *               "service": "stream",
         *               "breaker": "closed",
         *               "since": "2026-06-01T10:00:00.000Z",
         *               "failures": 0,
         *               "retry_at": null,
         *               "reason": "",
         *               "budget": null
         *             },
         *             {
         *               "host": "api.binance.com",
         *               "service": "rest",
         *               "breaker": "closed",
         *               "since": "2026-06-01T10:00:00.000Z",
         *               "failures": 0,
         *               "retry_at": null,
         *               "reason": "",
         *               "budget": {
         *                 "keyed": false,
         *                 "per_minute": 300,
         *                 "burst": 20,
         *                 "available": 19.2,
         *                 "paused_until": null,
         *                 "quota_remaining": 5870,
         *                 "quota_limit": 6000,
         *                 "quota_resets_at": "2026-06-01T12:01:00.000Z",
         *                 "calls": {
         *                   "live": 1,
         *                   "chart": 0,
         *                   "repair": 2,
         *                   "backfill": 61
         *                 },
         *                 "delayed": {
         *                   "live": 0,
         *                   "chart": 0,
         *                   "repair": 0,
         *                   "backfill": 12
         *                 }
         *               }
         *             }
         *           ],
         *           "attribution": "",
         *           "attribution_url": ""
         *         }
         *       ]
         *     }
         */
        Sources: {
            data: components["schemas"]["SourceRow"][];
        };
        Currency: {
            code: string;
            name: string;
            unit: string;
            /** @enum {string} */
            kind: "fiat" | "commodity" | "crypto";
        };
        Status: {
            version: string;
            origin: components["schemas"]["Origin"];
            /** @description Not empty when the simulated market is served; to be shown to people */
            notice: string;
            ready: boolean;
            started_at: components["schemas"]["Time"];
            uptime_s: number;
            now: components["schemas"]["Time"];
            epoch: string;
            position: number;
            assets: number;
            priced: number;
            live: number;
            currencies: components["schemas"]["Currency"][];
            store: {
                backend: string;
                schema_version: number;
                size_bytes: number;
                /** @description Of these, without what retention has freed and nothing has filled again */
                used_bytes: number;
                /** @description null where the disk is not this machine's */
                disk_free_bytes: number | null;
                /**
                 * @description store.durability: what a kill or a power cut may take
                 * @enum {string}
                 */
                durability: "relaxed" | "second" | "commit";
                rows_written: number;
                rows_waiting: number;
                /** @description In the spool beside the store, written when it works again */
                rows_spooled: number;
                healthy: boolean;
                /**
                 * @description With disk_full candles are stored and single trades are not
                 * @enum {string}
                 */
                state: "ok" | "failing" | "spooling" | "disk_full";
                /** @description What the store's growth so far says of the time to come. All but measured_s are null in the first five minutes. */
                forecast?: {
                    measured_s: number;
                    bytes_per_day: number | null;
                    bytes_in_30_days: number | null;
                    /** @description Where growth ends; null where something is kept forever */
                    bytes_at_retention: number | null;
                    /** @description null where the disk suffices, or is not this machine's */
                    days_until_full: number | null;
                };
                /** @description Retention; 0 is forever */
                keep_days?: {
                    ticks: number;
                    "1m": number;
                    "1h": number;
                    "1d": number;
                    points: number;
                };
                /** @description Where history is read from besides the primary */
                replicas: {
                    location: string;
                    /** @description in_order, or why it is not read from */
                    state: string;
                    /** @description Behind the primary by at most this */
                    lag_ms: number | null;
                }[];
            };
            stream: {
                clients: number;
                subscriptions: number;
            };
            memory_bytes: number;
        };
        Readiness: {
            ready: boolean;
            checks: {
                market: string;
                store: string;
            };
        };
    };
    responses: {
        /** @description The answer is still the one of If-None-Match */
        NotModified: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description A parameter is wrong; errors names each, its value and what is allowed */
        Invalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Invalid parameter",
                 *       "status": 400,
                 *       "detail": "limit is '-1', allowed: a whole number from 1 to 250",
                 *       "instance": "/top-coins/",
                 *       "code": "invalid_parameter",
                 *       "temporary": false,
                 *       "errors": [
                 *         {
                 *           "parameter": "limit",
                 *           "value": "-1",
                 *           "allowed": "a whole number from 1 to 250"
                 *         }
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No such asset or pair; near says what may have been meant */
        NotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "type": "about:blank",
                 *       "title": "Not found",
                 *       "status": 404,
                 *       "detail": "unknown asset 'bitcon'; near: bitcoin",
                 *       "instance": "/price/bitcon",
                 *       "code": "unknown_asset",
                 *       "temporary": false,
                 *       "errors": [
                 *         {
                 *           "parameter": "coin_id",
                 *           "value": "bitcon",
                 *           "allowed": "an asset id or symbol",
                 *           "near": [
                 *             "bitcoin"
                 *           ]
                 *         }
                 *       ]
                 *     }
                 */
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests from this address */
        RateLimited: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Starting, overloaded, or no source has given the price yet */
        Unavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description An asset id or symbol
         * @example bitcoin
         */
        CoinId: string;
        /**
         * @description An asset id or symbol
         * @example btc
         */
        Base: string;
        /**
         * @description What the price is counted in; any asset that has a price
         * @example usd
         */
        QuotePath: string;
        /** @description What prices are counted in; any asset that has a price */
        Currency: string;
        /** @description What prices are counted in; any asset that has a price */
        Quote: string;
        /** @description Rows on a page */
        Limit: number;
        /** @description next_cursor of the page before, with the same other parameters */
        Cursor: string;
        /** @description next_cursor of the page before, with the same other parameters */
        PlaceCursor: string;
        /** @description ms gives times as milliseconds since 1970 */
        TimeFormat: "rfc3339" | "ms";
        /** @description string gives prices and amounts as decimal strings */
        NumberFormat: "number" | "string";
    };
    requestBodies: never;
    headers: {
        /** @description The server's time when it answered; less as_of it is the age of a price */
        ServerTime: string;
        /** @description For If-None-Match */
        ETag: string;
        /** @description Seconds to wait */
        RetryAfter: number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    coinPrice: {
        parameters: {
            query?: {
                /** @description What prices are counted in; any asset that has a price */
                currency?: components["parameters"]["Currency"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path: {
                /**
                 * @description An asset id or symbol
                 * @example bitcoin
                 */
                coin_id: components["parameters"]["CoinId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The price now */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "coin_id": "bitcoin",
                     *       "symbol": "btc",
                     *       "name": "Bitcoin",
                     *       "currency": "usd",
                     *       "price": 64321.5,
                     *       "market_cap": 1288000000000.5,
                     *       "change_24h": 1210.2,
                     *       "change_24h_percent": 1.92,
                     *       "last_updated": "2026-06-01T12:00:00.123Z",
                     *       "as_of": "2026-06-01T12:00:00.123Z",
                     *       "state": "live",
                     *       "origin": "real",
                     *       "source": "composite",
                     *       "source_since": "2026-06-01T09:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["CoinPrice"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    coinHistory: {
        parameters: {
            query?: {
                /** @description How far back */
                days?: number;
                /** @description What prices are counted in; any asset that has a price */
                currency?: components["parameters"]["Currency"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path: {
                /**
                 * @description An asset id or symbol
                 * @example bitcoin
                 */
                coin_id: components["parameters"]["CoinId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The chart's series, oldest first */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "coin_id": "bitcoin",
                     *       "currency": "usd",
                     *       "days": 1,
                     *       "complete": false,
                     *       "gaps": [
                     *         {
                     *           "venue": "kraken",
                     *           "start": "2026-06-01T03:10:00.000Z",
                     *           "end": "2026-06-01T03:12:00.000Z",
                     *           "cause": "disconnect"
                     *         }
                     *       ],
                     *       "origin": "real",
                     *       "source": "composite+coingecko",
                     *       "conversion": "none",
                     *       "prices": [
                     *         [
                     *           1780228800000,
                     *           63111.3
                     *         ],
                     *         [
                     *           1780315200000,
                     *           64321.5
                     *         ]
                     *       ],
                     *       "market_caps": [
                     *         [
                     *           1780228800000,
                     *           1265000000000
                     *         ]
                     *       ],
                     *       "total_volumes": [
                     *         [
                     *           1780228800000,
                     *           28700000000
                     *         ]
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["CoinHistory"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    topCoins: {
        parameters: {
            query?: {
                /** @description How many */
                limit?: number;
                /** @description What prices are counted in; any asset that has a price */
                currency?: components["parameters"]["Currency"];
                /** @description By market capitalisation, price, or 24 h change in percent */
                sort?: "market_cap" | "price" | "change";
                order?: "desc" | "asc";
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The list */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "currency": "usd",
                     *       "count": 1,
                     *       "coins": [
                     *         {
                     *           "rank": 1,
                     *           "coin_id": "bitcoin",
                     *           "symbol": "btc",
                     *           "name": "Bitcoin",
                     *           "price": 64321.5,
                     *           "market_cap": 1288000000000.5,
                     *           "change_24h": 1210.2,
                     *           "change_24h_percent": 1.92,
                     *           "volume_24h": 29100000000,
                     *           "last_updated": "2026-06-01T12:00:00.123Z",
                     *           "as_of": "2026-06-01T12:00:00.123Z",
                     *           "state": "live",
                     *           "origin": "real",
                     *           "source": "composite",
                     *           "source_since": "2026-06-01T09:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["TopCoins"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    pairCurrent: {
        parameters: {
            query?: {
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path: {
                /**
                 * @description An asset id or symbol
                 * @example btc
                 */
                base: components["parameters"]["Base"];
                /**
                 * @description What the price is counted in; any asset that has a price
                 * @example usd
                 */
                quote: components["parameters"]["QuotePath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The price now */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "pair": "btc/usd",
                     *       "price": 48350.52,
                     *       "as_of": "2026-06-01T12:00:00.123Z",
                     *       "state": "live",
                     *       "origin": "real",
                     *       "source": "composite",
                     *       "source_since": "2026-06-01T09:00:00.000Z"
                     *     }
                     */
                    "application/json": components["schemas"]["PairPrice"];
                };
            };
            304: components["responses"]["NotModified"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    pairHistory: {
        parameters: {
            query?: {
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path: {
                /**
                 * @description An asset id or symbol
                 * @example btc
                 */
                base: components["parameters"]["Base"];
                /**
                 * @description What the price is counted in; any asset that has a price
                 * @example usd
                 */
                quote: components["parameters"]["QuotePath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The minutes, oldest first */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "pair": "btc/usd",
                     *       "prices": [
                     *         {
                     *           "timestamp": "2026-06-01T11:58:00.000Z",
                     *           "price": 64318
                     *         },
                     *         {
                     *           "timestamp": "2026-06-01T11:59:00.000Z",
                     *           "price": 64321.5
                     *         }
                     *       ],
                     *       "volatility_rank": 3,
                     *       "complete": true,
                     *       "gaps": [],
                     *       "origin": "real",
                     *       "source": "composite",
                     *       "conversion": "none"
                     *     }
                     */
                    "application/json": components["schemas"]["PairHistory"];
                };
            };
            304: components["responses"]["NotModified"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    cryptosPage: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            304: components["responses"]["NotModified"];
            429: components["responses"]["RateLimited"];
        };
    };
    assets: {
        parameters: {
            query?: {
                /** @description Part of an id, symbol or name */
                search?: string;
                /** @description Rows on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the page before, with the same other parameters */
                cursor?: components["parameters"]["Cursor"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the list */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "id": "bitcoin",
                     *           "symbol": "btc",
                     *           "name": "Bitcoin",
                     *           "kind": "coin",
                     *           "rank": 1
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["AssetList"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    asset: {
        parameters: {
            query?: {
                /** @description What prices are counted in; any asset that has a price */
                quote?: components["parameters"]["Quote"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path: {
                /**
                 * @description An asset id or symbol
                 * @example bitcoin
                 */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The asset; ticker is null while it has no price */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetDetail"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    prices: {
        parameters: {
            query?: {
                /**
                 * @description Up to 250 asset ids or symbols, separated by commas
                 * @example bitcoin,eth
                 */
                ids?: string;
                /** @description What prices are counted in; any asset that has a price */
                quote?: components["parameters"]["Quote"];
                /** @description Rows on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the page before, with the same other parameters */
                cursor?: components["parameters"]["Cursor"];
                /** @description change is the 24 h change in percent */
                sort?: "rank" | "price" | "change" | "volume";
                /** @description Default: best first, which is asc for rank and desc for the others */
                order?: "asc" | "desc";
                /** @description sources: with each row the venues behind its price, as /api/v1/markets tells them */
                detail?: "sources";
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the list */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Prices"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    markets: {
        parameters: {
            query?: {
                /** @description An asset by id or symbol; default: all */
                base?: string;
                /** @description An asset by id or symbol; default: all */
                quote?: string;
                /** @description One exchange; default: all */
                venue?: string;
                /** @description How many at most */
                limit?: number;
                /** @description next_cursor of the page before, with the same other parameters */
                cursor?: components["parameters"]["Cursor"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the list */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Markets"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    pairs: {
        parameters: {
            query?: {
                /** @description An asset by id or symbol; default: all */
                base?: string;
                /** @description An asset by id or symbol; default: all */
                quote?: string;
                /** @description One exchange; default: all */
                venue?: string;
                /** @description How many at most */
                limit?: number;
                /** @description next_cursor of the page before, with the same other parameters */
                cursor?: components["parameters"]["Cursor"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the list */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Pairs"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    candles: {
        parameters: {
            query?: {
                interval?: "1m" | "5m" | "15m" | "1h" | "4h" | "1d";
                /** @description RFC 3339 or milliseconds since 1970; default: 24 h before end */
                start?: string;
                /** @description RFC 3339 or milliseconds since 1970; default: now */
                end?: string;
                /** @description How many at most */
                limit?: number;
                /** @description One exchange; default: the composite of all */
                venue?: string;
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path: {
                /**
                 * @description An asset id or symbol
                 * @example btc
                 */
                base: components["parameters"]["Base"];
                /**
                 * @description What the price is counted in; any asset that has a price
                 * @example usd
                 */
                quote: components["parameters"]["QuotePath"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The candles, oldest first. Of a closed range that is complete and a day old a cache may keep them for a day; they may still change where a past is fetched or imported. */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "base": "bitcoin",
                     *       "quote": "usd",
                     *       "pair": "btc/usd",
                     *       "interval": "1m",
                     *       "venue": null,
                     *       "origin": "real",
                     *       "source": "composite",
                     *       "conversion": "none",
                     *       "start": "2026-06-01T11:59:00.000Z",
                     *       "end": "2026-06-01T12:00:00.000Z",
                     *       "complete": true,
                     *       "gaps": [],
                     *       "candles": [
                     *         {
                     *           "start": "2026-06-01T11:59:00.000Z",
                     *           "open": 64318,
                     *           "high": 64322,
                     *           "low": 64317.5,
                     *           "close": 64321.5,
                     *           "volume": 1.25,
                     *           "trades": 12,
                     *           "final": true,
                     *           "complete": true
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Candles"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    gaps: {
        parameters: {
            query?: {
                /** @description One source, or composite; default: all */
                venue?: string;
                /** @description Only those that concern this pair, as btc/usd */
                pair?: string;
                /** @description Only those that can have left a mark on the composite of this asset: of the sources and pairs that it is traded at */
                asset?: string;
                /** @description RFC 3339 or milliseconds since 1970; default: 30 days before end */
                start?: string;
                /** @description RFC 3339 or milliseconds since 1970; default: now */
                end?: string;
                /** @description Only those in this state; default: all */
                state?: "open" | "repaired" | "lost";
                /** @description Rows on a page */
                limit?: number;
                /** @description next_cursor of the page before, with the same other parameters */
                cursor?: components["parameters"]["PlaceCursor"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The gaps */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "start": "2026-05-02T12:00:00.000Z",
                     *       "end": "2026-06-01T12:00:00.000Z",
                     *       "data": [
                     *         {
                     *           "venue": "kraken",
                     *           "symbol": null,
                     *           "pair": null,
                     *           "start": "2026-06-01T11:00:00.000Z",
                     *           "end": "2026-06-01T11:00:12.500Z",
                     *           "cause": "disconnect",
                     *           "state": "repaired",
                     *           "expected": 412,
                     *           "recovered": 412
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["RecordedGaps"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    takeovers: {
        parameters: {
            query?: {
                /** @description One asset; default: all */
                asset?: string;
                /** @description RFC 3339 or milliseconds since 1970; default: 30 days before end */
                start?: string;
                /** @description RFC 3339 or milliseconds since 1970; default: now */
                end?: string;
                /** @description Rows on a page */
                limit?: number;
                /** @description next_cursor of the page before, with the same other parameters */
                cursor?: components["parameters"]["PlaceCursor"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The takeovers */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "start": "2026-05-02T12:00:00.000Z",
                     *       "end": "2026-06-01T12:00:00.000Z",
                     *       "before": "composite",
                     *       "data": [
                     *         {
                     *           "asset": "bitcoin",
                     *           "at": "2026-06-01T11:00:42.500Z",
                     *           "from": "coingecko",
                     *           "to": "composite",
                     *           "cause": "preferred"
                     *         },
                     *         {
                     *           "asset": "bitcoin",
                     *           "at": "2026-06-01T11:00:00.000Z",
                     *           "from": "composite",
                     *           "to": "coingecko",
                     *           "cause": "silent"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["Takeovers"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    volatilityRanking: {
        parameters: {
            query?: {
                window?: "24h";
                /** @description What prices are counted in; any asset that has a price */
                quote?: components["parameters"]["Quote"];
                /** @description Rows on a page */
                limit?: components["parameters"]["Limit"];
                /** @description next_cursor of the page before, with the same other parameters */
                cursor?: components["parameters"]["Cursor"];
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the ranking */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VolatilityRanking"];
                };
            };
            304: components["responses"]["NotModified"];
            400: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    sources: {
        parameters: {
            query?: {
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All sources */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Sources"];
                };
            };
            304: components["responses"]["NotModified"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    status: {
        parameters: {
            query?: {
                /** @description ms gives times as milliseconds since 1970 */
                time_format?: components["parameters"]["TimeFormat"];
                /** @description string gives prices and amounts as decimal strings */
                number_format?: components["parameters"]["NumberFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state of the whole */
            200: {
                headers: {
                    "Server-Time": components["headers"]["ServerTime"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            304: components["responses"]["NotModified"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    events: {
        parameters: {
            query?: {
                /**
                 * @description Up to 200 channel names, separated by commas
                 * @example price:btc/usd,ticker:*
                 */
                channels?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream that does not end */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            400: components["responses"]["Invalid"];
            404: components["responses"]["NotFound"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
        };
    };
    livez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description ok */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /** @example ok */
                    "text/plain": string;
                };
            };
        };
    };
    readyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ready": true,
                     *       "checks": {
                     *         "market": "ok",
                     *         "store": "ok"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Not ready; checks names what is missing */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ready": false,
                     *       "checks": {
                     *         "market": "starting",
                     *         "store": "ok"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    healthz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Not ready; checks names what is missing */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Text exposition format 0.0.4 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            304: components["responses"]["NotModified"];
            429: components["responses"]["RateLimited"];
        };
    };
    docs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page that needs no other host */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            304: components["responses"]["NotModified"];
            429: components["responses"]["RateLimited"];
        };
    };
    redoc: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page that needs no other host */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            304: components["responses"]["NotModified"];
            429: components["responses"]["RateLimited"];
        };
    };
}
