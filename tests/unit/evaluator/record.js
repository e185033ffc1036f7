// record.js -- what the untouched jsonata package says of the expressions in expressions.txt, a line each:
//   node record.js PATH/TO/jsonata.js > expressions.recorded
// A line is JSON: [text, "value", the value] or [text, "nothing"] or [text, "foreign"] (it is no JSON) or [text, "error", code].
'use strict';
const fs = require('fs'), path = require('path');
const jsonata = require(path.resolve(process.argv[2]));
const here = __dirname;
const input = JSON.parse(fs.readFileSync(path.join(here, 'expressions.input.json'), 'utf8'));
const lines = fs.readFileSync(path.join(here, 'expressions.txt'), 'utf8').split('\n')
    .filter(line => line !== '' && !line.startsWith('#'));

function isForeign(value) {
    if (typeof value === 'function' || (typeof value === 'number' && !Number.isFinite(value)))
        return true;
    if (value === null || typeof value !== 'object')
        return false;
    if (value._jsonata_function || value._jsonata_lambda)
        return true;
    return Object.values(value).some(isForeign);
}

async function judge(text) {
    try {
        // as on AWS there is no input document: everything is bound to a name
        const value = await jsonata(text).evaluate(undefined, {i: JSON.parse(JSON.stringify(input))});
        if (value === undefined)
            return [text, 'nothing'];
        return isForeign(value) ? [text, 'foreign'] : [text, 'value', value];
    } catch (err) {
        return [text, 'error', typeof err.code === 'string' ? err.code : ''];
    }
}

(async () => {
    for (const text of lines)
        process.stdout.write(JSON.stringify(await judge(text)) + '\n');
})();
