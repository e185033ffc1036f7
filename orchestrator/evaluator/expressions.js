/* expressions.js -- what the evaluator does with a request, around the reference implementation of JSONata.
 * Compiled to bytecode behind it and embedded; host is engine.c's: hash(), done(), parsing(), crowded(), depth.
 *
 * A request is one of
 *   {"now_ms", "seed", "states", "variables", "conditions": [E...], "groups": [[E...]...], "items": {"first", "values", "keys", "source"}}
 *   {"check": [text...]}
 * with E = {"field": where it stands in its state, "text": the expression}.  See orchestrator/asl/query.h. */
(function (global) {
    'use strict';

    const jsonata = global.jsonata;
    const host = global.host;
    const options = {stack: host.depth};
    const CACHED_MAX = 2000;      /* parsed expressions */
    const TEXT_MAX = 4000;        /* of a value that an error quotes, characters */
    const DEPTH_MAX = 200;        /* of a result: more than a step takes */

    /* ---- time and chance: of the request, so that the same request has the same answer ------------------ */

    const RealDate = Date;
    let now_ms = 0;

    class RequestDate extends RealDate {
        constructor(...args) {
            if (args.length === 0)
                super(now_ms);
            else
                super(...args);
        }
        static now() {
            return now_ms;
        }
    }
    global.Date = RequestDate;

    function generator(a, b, c, d) { /* sfc32, which is public domain: 53 bits of [0, 1) at a time */
        function next() {
            const t = (a + b | 0) + d | 0;
            d = d + 1 | 0;
            a = b ^ b >>> 9;
            b = c + (c << 3) | 0;
            c = (c << 21 | c >>> 11) + t | 0;
            return t >>> 0;
        }
        for (let i = 0; i < 12; i++)
            next();
        return () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
    }

    let random = generator(1, 2, 3, 4);
    Math.random = () => random();

    /* ---- what jsonata asks node's Buffer for: bytes as base64, and back ----------------------------------- */

    const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

    function to_base64(bytes) {
        let text = '';
        for (let i = 0; i < bytes.length; i += 3) {
            const n = (bytes.charCodeAt(i) & 255) << 16 | (bytes.charCodeAt(i + 1) & 255) << 8 | bytes.charCodeAt(i + 2) & 255;
            text += digits[n >> 18] + digits[n >> 12 & 63] + (i + 1 < bytes.length ? digits[n >> 6 & 63] : '=') +
                (i + 2 < bytes.length ? digits[n & 63] : '=');
        }
        return text;
    }

    function from_base64(text) { /* as lenient as node: other characters are passed over */
        let bytes = '', bits = 0, count = 0;
        for (const c of text) {
            if (c === '=')
                break;
            const value = digits.indexOf(c === '-' ? '+' : c === '_' ? '/' : c);
            if (value < 0)
                continue;
            bits = bits << 6 | value;
            count += 6;
            if (count >= 8) {
                count -= 8;
                bytes += String.fromCharCode(bits >> count & 255);
                bits &= (1 << count) - 1;
            }
        }
        return bytes;
    }

    function Bytes(text, form) {
        this.bytes = form === 'base64' ? from_base64(text) : text;
    }
    Bytes.prototype.toString = function (form) {
        return form === 'base64' ? to_base64(this.bytes) : this.bytes;
    };
    global.Buffer = {from: Bytes};

    /* The first double of a java.util.Random of this seed, which is what AWS gives: a generator of 48 bits, here in two
     * halves. */
    function first_double(seed) {
        const HALF = 16777216, LOW = 0xece66d, HIGH = 0x5de;
        let low = mod(seed, HALF) ^ LOW, high = mod(Math.floor(seed / HALF), HALF) ^ HIGH;
        function next(bits) {
            const product = low * LOW + 11;
            high = mod(high * LOW + low * HIGH + Math.floor(product / HALF), HALF);
            low = product % HALF;
            return Math.floor((high * HALF + low) / 2 ** (48 - bits));
        }
        return (next(26) * 134217728 + next(27)) / 9007199254740992;
    }

    function mod(n, m) {
        return n - Math.floor(n / m) * m;
    }

    function seed_of(text) { /* 16 hex digits */
        return generator(parseInt(text.slice(0, 8), 16) | 0, parseInt(text.slice(8, 16), 16) | 0, 0x6d696c6c, 1);
    }

    /* ---- AWS's functions ------------------------------------------------------------------------------ */

    function fault(code, message) {
        return {code, message};
    }

    function whole(name, what, value) {
        if (typeof value !== 'number' || !Number.isInteger(value))
            throw fault('D3137', 'The ' + what + ' of function $' + name + ' must be an integer');
        return value;
    }

    const functions = {
        partition(array, size) {
            if (array === undefined)
                return undefined;
            if (!Array.isArray(array))
                array = [array];
            if (whole('partition', 'second argument', size) < 1)
                throw fault('D3137', 'The second argument of function $partition must be greater than 0');
            const parts = [];
            for (let i = 0; i < array.length; i += size)
                parts.push(array.slice(i, i + size));
            return parts;
        },
        range(first, last, step) {
            if (first === undefined || last === undefined)
                return undefined;
            whole('range', 'first argument', first);
            whole('range', 'second argument', last);
            if (step === undefined)
                step = 1;
            if (whole('range', 'third argument', step) === 0)
                throw fault('D3137', 'The third argument of function $range must not be 0');
            const count = Math.floor((last - first) / step) + 1;
            if (count > 10000000)
                throw fault('D3137', 'The size of the sequence allocated by function $range must not exceed 1e7. ' +
                    'Attempted to allocate ' + count + '.');
            const list = [];
            for (let i = 0; i < count; i++)
                list.push(first + i * step);
            list.sequence = true; /* so a range of one is that one, as AWS has it */
            return list;
        },
        hash(data, algorithm) {
            if (data === undefined)
                return undefined;
            if (typeof data !== 'string')
                data = JSON.stringify(data);
            const text = host.hash(data, algorithm === undefined ? 'SHA-256' : String(algorithm));
            if (text === undefined)
                throw fault('D3137', 'The second argument of function $hash must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512');
            return text;
        },
        random(seed) {
            if (seed === undefined)
                return random();
            return first_double(whole('random', 'first argument', seed));
        },
        uuid() {
            let digits = '';
            for (let i = 0; i < 8; i++)
                digits += Math.floor(random() * 65536).toString(16).padStart(4, '0');
            return digits.slice(0, 8) + '-' + digits.slice(8, 12) + '-4' + digits.slice(13, 16) + '-' +
                (8 + parseInt(digits[16], 16) % 4).toString(16) + digits.slice(17, 20) + '-' + digits.slice(20);
        },
        parse(text) {
            if (text === undefined)
                return undefined;
            if (typeof text !== 'string')
                throw fault('D3137', 'Argument 1 of function "parse" does not match function signature');
            try {
                return JSON.parse(text);
            } catch (err) {
                throw fault('D3137', 'Argument 1 of function "parse" is not JSON: ' + err.message);
            }
        },
    };

    for (const name in functions)
        jsonata.assign(name, functions[name]);
    jsonata.assign('eval', undefined);

    /* ---- expressions ---------------------------------------------------------------------------------- */

    const cached = new Map();

    global.forget = () => cached.clear();

    function parsed(text) {
        let expression = cached.get(text);
        if (expression !== undefined)
            return expression;
        host.parsing();
        expression = jsonata(text, options);
        while (cached.size > 0 && (cached.size >= CACHED_MAX || host.crowded())) /* the oldest leave, one by one */
            cached.delete(cached.keys().next().value);
        cached.set(text, expression);
        return expression;
    }

    /* What keeps value from being JSON, or undefined. */
    function foreign(value, depth) {
        switch (typeof value) {
        case 'string':
        case 'boolean':
            return undefined;
        case 'number':
            return Number.isFinite(value) ? undefined : String(value);
        case 'object':
            break;
        default:
            return typeof value;
        }
        if (value === null)
            return undefined;
        if (value._jsonata_function || value._jsonata_lambda)
            return 'function';
        if (depth > DEPTH_MAX)
            return 'value of more than ' + DEPTH_MAX + ' levels';
        if (Array.isArray(value)) {
            for (let i = 0; i < value.length; i++) {
                if (value[i] === undefined) /* a group of a match that matched nothing: null */
                    continue;
                const what = foreign(value[i], depth + 1);
                if (what !== undefined)
                    return what;
            }
            return undefined;
        }
        for (const name in value) {
            if (value[name] === undefined)
                continue;
            const what = foreign(value[name], depth + 1);
            if (what !== undefined)
                return what;
        }
        return undefined;
    }

    function type_of(value) {
        return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    }

    function quoted(value) {
        const text = JSON.stringify(value);
        return text.length > TEXT_MAX ? text.slice(0, TEXT_MAX) + '...' : text;
    }

    function stop(e, why) {
        return {stop: e.field, text: "The JSONata expression '" + e.text + "' specified for the field '" + e.field + "' " + why};
    }

    function reason(err) {
        if (err === null || typeof err !== 'object')
            return String(err);
        const message = typeof err.message === 'string' ? err.message : 'an error without a message';
        return typeof err.code === 'string' ? err.code + ': ' + message : message;
    }

    function value_of(e, bindings) {
        let value;
        host.current = e;
        try {
            value = parsed(e.text).evaluate(undefined, bindings);
        } catch (err) {
            if (err instanceof InternalError && /stack/.test(err.message))
                host.exhausted();
            if (err !== null && typeof err === 'object' && err.code === 'D1011')
                host.exhausted();
            throw stop(e, 'threw an error during evaluation. ' + reason(err));
        }
        if (value === undefined)
            throw stop(e, 'returned nothing (undefined).');
        const what = foreign(value, 0);
        if (what !== undefined)
            throw stop(e, "returned an unexpected result type. Expected 'JSON', but was '" + what + "'.");
        return value;
    }

    /* The first condition that holds; as many as there are: none does. */
    function choose(conditions, bindings) {
        for (let i = 0; i < conditions.length; i++) {
            const value = value_of(conditions[i], bindings);
            if (value === true)
                return i;
            if (value !== false)
                throw stop(conditions[i], "returned an unexpected result type. Expected 'boolean', but was '" +
                    type_of(value) + "' for value: " + quoted(value));
        }
        return conditions.length;
    }

    function all_of(group, bindings) {
        const values = [];
        for (let i = 0; i < group.length; i++)
            values.push(value_of(group[i], bindings));
        return values;
    }

    function each_of(request, bindings) {
        const lists = [];
        const {first, values, keys, source} = request.items;
        for (let i = 0; i < values.length; i++) {
            const Item = {Index: first + i};
            if (keys !== undefined)
                Item.Key = keys[i];
            Item.Value = values[i];
            if (source !== undefined)
                Item.Source = source;
            const context = Object.assign({}, bindings.states.context, {Map: {Item}});
            bindings.states = Object.assign({}, bindings.states, {context});
            lists.push(all_of(request.groups[0], bindings));
        }
        return lists;
    }

    function evaluate(request) {
        const bindings = Object.assign(Object.create(null), request.variables);
        bindings.states = request.states;
        now_ms = request.now_ms;
        const seed = request.seed; /* alone: the rest is not to outlive the request */
        random = () => (random = seed_of(seed))();
        if (request.items !== undefined)
            return {chosen: 0, values: each_of(request, bindings)};
        const chosen = request.conditions.length === 0 ? 0 : choose(request.conditions, bindings);
        return {chosen, values: all_of(request.groups[chosen], bindings)};
    }

    /* The first name that is looked for with no context to look into, or undefined: an expression begins with none,
     * and a path, a predicate and what they hold have one.  A lambda's body is not followed: it has its caller's. */
    function outside(node) {
        const any = (nodes) => {
            for (const each of nodes) {
                const found = each === undefined || each === null ? undefined : outside(each);
                if (found !== undefined)
                    return found;
            }
            return undefined;
        };
        switch (node.type) {
        case 'path':
            return any([node.steps[0]]);
        case 'name':
            return node;
        case 'variable':
            return node.value === '$' ? node : undefined;
        case 'unary':
            if (node.value === '{')
                return any(node.lhs.flat());
            return any(node.value === '[' ? node.expressions : [node.expression]);
        case 'binary':
        case 'apply':
            return any([node.lhs, node.rhs]);
        case 'bind':
            return any([node.rhs]);
        case 'block':
            return any(node.expressions);
        case 'condition':
            return any([node.condition, node.then, node.else]);
        case 'function':
        case 'partial':
            return any([node.procedure, ...node.arguments]);
        default:
            return undefined;
        }
    }

    function check(text) {
        try {
            const found = outside(parsed(text).ast());
            if (found === undefined)
                return null;
            const name = found.type === 'variable' ? '$$' : found.value;
            return {position: found.position, outside: true,
                    message: `Reference to '${name}' at the top level is not supported: the input is $states.input`};
        } catch (err) {
            const position = err !== null && typeof err === 'object' && Number.isInteger(err.position) ? err.position : 0;
            return {position, message: reason(err)};
        }
    }

    /* Names that a workflow's data can have must never be looked for in what all requests share. */
    for (const shared of [Object, Array, Function, String, Number, Boolean, Map, Promise, RegExp, RealDate, Error])
        Object.seal(shared.prototype);

    global.serve = function (text) {
        const request = JSON.parse(text);
        if (request.check !== undefined) {
            host.done(JSON.stringify({errors: request.check.map(check)}));
            return;
        }
        let answer;
        try {
            answer = evaluate(request);
        } catch (err) {
            if (err === null || typeof err !== 'object' || err.stop === undefined)
                answer = {error: 'States.QueryEvaluationError', cause: 'The evaluation failed: ' + reason(err), field: ''};
            else
                answer = {error: 'States.QueryEvaluationError', cause: err.text, field: err.stop};
        }
        host.done(JSON.stringify(answer));
    };
})(globalThis);
