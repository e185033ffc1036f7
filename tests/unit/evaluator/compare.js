// compare.js -- random expressions, the same in two builds of the jsonata package, and every difference between what they say:
//   node compare.js ONE.js OTHER.js SEED COUNT [any-error]
// Values are compared as JSON, with what marks them as sequences; errors by code, position, token and message, or, with any-error, as errors:
// where several parts of an array or object fail, the asynchronous package names the one that failed after the fewest turns.
// Recursion is cut off by the depth that both keep. Among the random ones are those of expressions.txt, grafted onto each other.
'use strict';
const fs = require('fs'), path = require('path');
const one = require(path.resolve(process.argv[2])), other = require(path.resolve(process.argv[3]));
const count = Number(process.argv[5]), any_error = process.argv[6] === 'any-error';
const input = JSON.parse(fs.readFileSync(path.join(__dirname, 'expressions.input.json'), 'utf8'));
input.order.one = [{sku: 'cap', price: 3, lines: [{count: 1}]}];
input.order.rows = [[{price: 1}], [{price: 2}, {price: 1}]];
const known = fs.readFileSync(path.join(__dirname, 'expressions.txt'), 'utf8').split('\n')
    .filter(line => line !== '' && !line.startsWith('#') && !/\$(random|shuffle|now|millis|eval)\b/.test(line));

let state = Number(process.argv[4]) >>> 0;
function random(n) { // xorshift32, 0 .. n-1
    state = state || 1;
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % n;
}
const one_of = list => list[random(list.length)];

const names = ['order', 'lines', 'sku', 'price', 'count', 'tags', 'size', 'w', 'h', 'id', 'keys', 'numbers', 'missing', 'sequence', 'cons',
    '`constructor`', '`toString`', '`__proto__`', 'pictures', 'faces', 'x', 'note', 'value', 'length'];
const variables = ['$i', '$i', '$i', '$', '$$', '$v', '$f', '$list', '$none', '$sum', '$odd'];
const begins = ['order.lines', 'order.one', 'order.one.lines', 'order.rows', 'order.lines.size', 'order.note', 'order.none', 'single', 'nested', 'empty',
    'order.lines.tags', 'numbers', 'pictures.faces', 'keys.b', 'blank'];
const callees = ['sum', 'count', 'max', 'string', 'boolean', 'not', 'exists', 'keys', 'append', 'merge', 'spread', 'length', 'uppercase',
    'substring', 'contains', 'split', 'join', 'number', 'floor', 'abs', 'reverse', 'distinct', 'zip', 'lookup', 'type', 'sort', 'average',
    'pad', 'replace', 'formatBase', 'trim', 'base64encode', 'round', 'error', 'assert', 'min'];
const higher = ['map', 'filter', 'single', 'reduce', 'each', 'sift', 'sort'];

function literal() {
    return one_of(['0', '1', '2', '-1', '3.5', '""', '"a"', '"hat"', 'true', 'false', 'null', '[]', '{}', '[1..3]', '[[1]]', '[[],[1,[2]]]', '/a/', '"b c"',
        '1e3', '[true,"x"]', '{"a":1,"sequence":true}']);
}

function list(make, most) {
    return Array.from({length: random(most + 1)}, make).join(', ');
}

function lambda(d) {
    const params = one_of([['$v'], ['$v', '$w'], ['$v', '$w', '$l'], []]);
    const signature = one_of(['', '', '', '', '<n:n>', '<a<n>:n>', '<s-:s>', '<x?:x>', '<n+:n>', '<(sn):x>', '<a:a>', '<f:x>', '<nn?:n>']);
    return `function(${params.join(', ')})${signature}{ ${expression(d - 1)} }`;
}

function step(d) {
    switch (random(12)) {
    case 0: return '*';
    case 1: return '**';
    case 2: return '%';
    case 3: return '(' + expression(d - 1) + ')';
    case 4: return '{' + `"k": ${expression(d - 1)}` + '}';
    case 5: return '[' + list(() => expression(d - 1), 2) + ']';
    case 6: return '$' + one_of(callees) + '(' + list(() => expression(d - 1), 1) + ')';
    default: return one_of(names);
    }
}

function after(d, n = 16) {
    switch (random(n)) {
    case 0: return `[${one_of(['0', '-1', '1', '[0..1]'])}]`;
    case 1: return `[${expression(d - 1)}]`;
    case 2: return '[]';
    case 3: return `^(${one_of(['', '<', '>'])}${expression(d - 1)})`;
    case 4: return `@$v`;
    case 5: return `#$n`;
    case 6: return `{${expression(d - 1)}: ${expression(d - 1)}}`;
    default: return '';
    }
}

function expression(d) {
    if (d <= 0)
        return one_of([literal, () => one_of(variables), () => one_of(names)])();
    switch (random(17)) {
    case 0:
        return literal();
    case 1:
        return expression(d - 1) + ' ' + one_of(['+', '-', '*', '/', '%', '=', '!=', '<', '<=', '>', '>=', '&', 'and', 'or', 'in', '..']) + ' ' + expression(d - 1);
    case 2:
        return '-' + expression(d - 1);
    case 3:
        return '[' + list(() => expression(d - 1), 3) + ']';
    case 4:
        return '{' + list(() => `${one_of(['"a"', '"b"', '$string(' + expression(d - 1) + ')'])}: ${expression(d - 1)}`, 2) + '}';
    case 5:
        return '(' + Array.from({length: 1 + random(3)}, () => one_of(['', '', '$v := ', '$f := ', '$list := ']) + expression(d - 1)).join('; ') + ')';
    case 6:
        return expression(d - 1) + ' ? ' + expression(d - 1) + one_of(['', ' : ' + expression(d - 1)]);
    case 7:
    case 8:
        return '$' + one_of(callees) + '(' + list(() => expression(d - 1), 3) + ')';
    case 9:
        return '$' + one_of(higher) + '(' + expression(d - 1) + ', ' + one_of([() => lambda(d), () => '$' + one_of(callees), () => expression(d - 1)])() + ')';
    case 10:
        return '(' + lambda(d) + ')(' + list(() => expression(d - 1), 2) + ')';
    case 11:
        return expression(d - 1) + ' ~> ' + one_of([() => '$' + one_of(callees), () => '$' + one_of(callees) + '(' + list(() => expression(d - 1), 1) + ')',
            () => lambda(d), () => `|${expression(d - 1)}|{"n": ${expression(d - 1)}}|`])();
    case 12:
        return '$' + one_of(callees) + '(' + one_of(['?', '?, ' + expression(d - 1), expression(d - 1) + ', ?']) + ')' + one_of(['', '(' + expression(d - 1) + ')']);
    case 13:
        return one_of(['$f', '$none', '$odd', 'order']) + '(' + list(() => expression(d - 1), 2) + ')';
    default: {
        let text = one_of([() => one_of(variables), () => one_of(names), () => '(' + expression(d - 1) + ')',
            () => one_of(['$i.', '', '$$.']) + one_of(begins) + after(d, 9)])() + after(d);
        for (let i = random(5); i > 0; i--)
            text += '.' + step(d) + after(d);
        return text;
    }
    }
}

function graft() { // a known one with a piece of another in the place of a name or a number
    const texts = one_of(known).split(/(\b[a-z]+\b|\d+)/);
    const at = random(texts.length);
    texts[at] = one_of([() => expression(1), () => '(' + one_of(known) + ')', () => literal()])();
    return texts.join('');
}

function shown(value, depth = 0) {
    if (typeof value === 'function' || (value && (value._jsonata_function || value._jsonata_lambda)))
        return 'function';
    if (typeof value === 'number')
        return Object.is(value, -0) ? '-0' : String(value);
    if (value === null || typeof value !== 'object')
        return value === undefined ? 'nothing' : JSON.stringify(value);
    if (depth > 30)
        return '...';
    if (Array.isArray(value))
        return (value.sequence ? 'sequence' : '') + (value.keepSingleton ? 'kept' : '') + (value.cons ? 'cons' : '') + (value.tupleStream ? 'tuples' : '') +
            '[' + Array.from(value, item => shown(item, depth + 1)).join() + ']';
    return '{' + Object.keys(value).map(name => JSON.stringify(name) + ':' + shown(value[name], depth + 1)).join() + '}';
}

function without_text_of_functions(text) {
    return /\(\.\.\.params\)/.test(text) ? 'the text of a function of the package' : text;
}

async function said(jsonata, text, whole) {
    const bindings = {i: JSON.parse(JSON.stringify(input)), list: [1, [2, 3], {a: [4]}], odd: {sequence: true, _jsonata_function: false, length: 1}};
    try {
        return 'value ' + without_text_of_functions(shown(await jsonata(text, {stack: 90}).evaluate(whole ? bindings.i : undefined, bindings)));
    } catch (err) {
        if (any_error)
            return 'error';
        if (!(err && typeof err === 'object'))
            return 'threw ' + String(err);
        if (err instanceof Error && !err.code) // of the interpreter: words and places may differ
            return 'threw ' + err.constructor.name;
        return 'error ' + [err.code, err.position, err.token, without_text_of_functions(err.message)].join('|');
    }
}

(async () => {
    let different = 0, values = 0, errors = 0;
    for (let i = 0; i < count + known.length; i++) {
        const text = i < known.length ? known[i] : random(3) === 0 ? graft() : expression(1 + random(4));
        if (i >= known.length && /(:= *(function|λ)|function.*\$f\()/.test(text)) /* a call in the last place is no depth: it may never end */
            continue;
        const whole = i % 2 === 0; /* the input is given as it, too */
        const want = await said(one, text, whole), got = await said(other, text, whole);
        if (want.startsWith('value'))
            values++;
        else
            errors++;
        if (want !== got && different++ < 20)
            process.stdout.write(JSON.stringify([text, want, got]) + '\n');
    }
    process.stdout.write(JSON.stringify({different, values, errors}) + '\n');
})();
