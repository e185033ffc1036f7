/* quick_evaluate.js -- the functions of the jsonata package that every evaluation passes through, written again for an
 * interpreter without a compiler behind it: they answer what those of the package answer (tests/unit/evaluator/test_quick.py),
 * with fewer calls, closures and objects on the way. deploy/jsonata puts this text into the package's evaluator, in the place of its
 * functions of the same names; what else is named here is the package's. Its options but `stack` are not there. */

    /* ---- scopes: one prototype instead of two closures each; most of them never bind a name. `base` is the
     * run's own object. -------------------------------------------------------------------------------------------------------- */

    function Frame(enclosing) {
        this.enclosing = enclosing;
        this.base = enclosing === null ? null : enclosing.base;
        this.bindings = null;
        this.unequal = NaN; /* to the language's `=` two scopes are never the same, whatever they hold */
    }

    Frame.prototype.bind = function (name, value) {
        if (this.bindings === null)
            this.bindings = Object.create(null);
        this.bindings[name] = value;
    };

    Frame.prototype.lookup = function (name) {
        for (let frame = this; frame !== null; frame = frame.enclosing) {
            const bindings = frame.bindings;
            if (bindings !== null && name in bindings)
                return bindings[name];
        }
        return undefined;
    };

    /* When the run began, to who asks: most expressions do not. */
    function began(run) {
        return run.began === null ? run.began = new Date() : run.began;
    }

    Object.defineProperty(Frame.prototype, 'timestamp', {get() { return began(this.base); }});

    function createFrame(enclosing) {
        return new Frame(enclosing);
    }

    /* Of no value or of one; the array of the rest parameter is the sequence. */
    function createSequence(...sequence) {
        sequence.sequence = true;
        return sequence;
    }

    /* ---- nodes -------------------------------------------------------------------------------------------------------- */

    const RUN = {
        __proto__: null,
        path: evaluateAnyPath,
        binary: evaluateBinary,
        unary: evaluateUnary,
        name: evaluateName,
        string: evaluateLiteral,
        number: evaluateLiteral,
        value: evaluateLiteral,
        wildcard: evaluateWildcard,
        descendant: evaluateDescendants,
        parent: (expr, input, environment) => environment.lookup(expr.slot.label),
        condition: evaluateCondition,
        block: evaluateBlock,
        bind: evaluateBindExpression,
        regex: evaluateRegex,
        function: evaluateFunction,
        variable: evaluateVariable,
        lambda: evaluateLambda,
        partial: evaluatePartialApplication,
        apply: evaluateApplyExpression,
        transform: evaluateTransformExpression,
    };

    function evaluateNothing() {
        return undefined;
    }

    /* What a node needs, found once: its function, whether something is done with its value, and of a name whether every
     * object has it from its prototype. */
    function prepare(expr) {
        const type = expr.type;
        if (type === 'path')
            expr.plain = plainBegin(expr);
        expr.more = expr.predicate !== undefined || (type !== 'path' && expr.group !== undefined);
        expr.inherited = type === 'name' && expr.value in Object.prototype;
        expr.run = RUN[type] || evaluateNothing;
        return expr.run;
    }

    function evaluateMore(expr, value, environment) {
        let result = value;
        if (expr.predicate !== undefined)
            for (let i = 0; i < expr.predicate.length; i++)
                result = evaluateFilter(expr.predicate[i].expr, result, environment);
        if (expr.type !== 'path' && expr.group !== undefined)
            result = evaluateGroupExpression(expr.group, result, environment);
        return result;
    }

    function tooDeep(base) {
        return {code: 'D1011', value: base.depth_max, stack: (new Error()).stack};
    }

    function evaluate(expr, input, environment) {
        const base = environment.base;
        if (++base.depth > base.depth_max)
            throw tooDeep(base);
        let result = (expr.run || prepare(expr))(expr, input, environment);
        if (expr.more)
            result = evaluateMore(expr, result, environment);
        if (typeof result === 'object' && result !== null && result.sequence === true && Array.isArray(result) && !result.tupleStream) {
            if (expr.keepArray)
                result.keepSingleton = true;
            if (result.length === 0)
                result = undefined;
            else if (result.length === 1 && !result.keepSingleton)
                result = result[0];
        }
        base.depth--;
        return result;
    }

    /* ---- paths -------------------------------------------------------------------------------------------------------- */

    const PLAIN = new Set(['type', 'value', 'position', 'steps', 'more', 'inherited', 'run', 'plain']);

    /* Nothing but a name, a variable or a path is asked for here: no filter, no binding, no parent, no array kept. */
    function isPlain(node) {
        return Object.keys(node).every(key => PLAIN.has(key));
    }

    function isPlainName(step) {
        return step.type === 'name' && !(step.value in Object.prototype) && isPlain(step);
    }

    /* How a path begins: {start: a variable's name, or undefined for the input; names: one after the other; count: steps that these are;
     * whole: that is all of the path}. null: it begins with something else. */
    function plainBegin(path) {
        const steps = path.steps, is_variable = steps[0].type === 'variable' && steps[0].value !== '' && isPlain(steps[0]);
        const names = [];
        let count = is_variable ? 1 : 0;
        while (count < steps.length && isPlainName(steps[count]))
            names.push(steps[count++].value);
        const whole = count === steps.length && isPlain(path);
        if (count === steps.length && !whole) { /* what the path does with its last step is not plain */
            count--;
            names.pop();
        }
        const is_sorted = count < steps.length && steps[count].type === 'sort'; /* which may give back what it was given */
        return names.length === 0 || is_sorted ? null : {start: is_variable ? steps[0].value : undefined, names, count, whole};
    }

    /* From name to name through objects there is no need of sequences; from the first array on the way there is. */
    function evaluateAnyPath(expr, input, environment) {
        const plain = expr.plain, base = environment.base;
        if (plain === null || base.depth >= base.depth_max)
            return evaluatePath(expr, input, environment);
        const names = plain.names;
        let value = plain.start === undefined ? input : environment.lookup(plain.start);
        for (let i = 0; i < names.length; i++) {
            if (typeof value !== 'object' || value === null)
                return plain.whole ? undefined : evaluatePath(expr, input, environment);
            if (Array.isArray(value))
                return evaluatePath(expr, input, environment);
            const next = value[names[i]];
            if (next === undefined || isFunction(value))
                return plain.whole ? undefined : evaluatePath(expr, input, environment);
            value = next;
        }
        if (!Array.isArray(value))
            return plain.whole ? value : evaluateSteps(expr, createSequence(value), environment, plain.count);
        if (plain.whole)
            return value.sequence === true ? evaluatePath(expr, input, environment) : value;
        return value.length === 0 || value.cons ? evaluatePath(expr, input, environment)
                                                : evaluateSteps(expr, value, environment, plain.count);
    }

    function evaluatePath(expr, input, environment) {
        const is_sequence = Array.isArray(input) && expr.steps[0].type !== 'variable';
        return evaluateSteps(expr, is_sequence ? input : createSequence(input), environment, 0);
    }

    /* The steps from first on, of what those in front of it gave. */
    function evaluateSteps(expr, input, environment, first) {
        const steps = expr.steps, last = steps.length - 1;
        let sequence = input, result, tuples;
        let tupled = false;

        for (let i = first; i <= last; i++) {
            const step = steps[i];
            if (step.tuple)
                tupled = true;
            if (i === 0 && step.consarray) /* an array constructor is not asked once for every item around it */
                result = evaluate(step, sequence, environment);
            else if (tupled)
                tuples = evaluateTupleStep(step, sequence, tuples, environment);
            else
                result = evaluateStep(step, sequence, environment, i === last);
            if (!tupled && (result === undefined || result.length === 0))
                break;
            if (step.focus === undefined)
                sequence = result;
        }
        if (tupled) {
            if (expr.tuple) {
                result = tuples;
            } else {
                result = createSequence();
                for (let i = 0; i < tuples.length; i++)
                    result.push(tuples[i]['@']);
            }
        }
        if (expr.keepSingletonArray) {
            if (Array.isArray(result) && result.cons && !result.sequence)
                result = createSequence(result);
            result.keepSingleton = true;
        }
        if (expr.group !== undefined)
            result = evaluateGroupExpression(expr.group, tupled ? tuples : result, environment);
        return result;
    }

    function evaluateStep(expr, input, environment, is_last) {
        const stages = expr.stages;

        if (expr.type === 'sort') {
            const sorted = evaluateSortExpression(expr, input, environment);
            return stages ? evaluateStages(stages, sorted, environment) : sorted;
        }
        const sequence = createSequence();
        let found = 0, first;
        for (let i = 0; i < input.length; i++) {
            let value = evaluate(expr, input[i], environment);
            if (stages)
                for (let j = 0; j < stages.length; j++)
                    value = evaluateFilter(stages[j].expr, value, environment);
            if (value === undefined)
                continue;
            if (found++ === 0)
                first = value;
            if (!Array.isArray(value) || value.cons)
                sequence.push(value);
            else
                for (let j = 0; j < value.length; j++)
                    sequence.push(value[j]);
        }
        return is_last && found === 1 && Array.isArray(first) && first.sequence !== true ? first : sequence;
    }

    const hasOwn = Object.prototype.hasOwnProperty;

    /* key of input, or of each of its items; is_inherited: a prototype has it too. */
    function lookupName(input, key, is_inherited) {
        if (typeof input !== 'object' || input === null)
            return undefined;
        if (Array.isArray(input)) {
            const sequence = createSequence();
            for (let i = 0; i < input.length; i++) {
                const value = lookupName(input[i], key, is_inherited);
                if (value === undefined)
                    continue;
                if (Array.isArray(value))
                    for (let j = 0; j < value.length; j++)
                        sequence.push(value[j]);
                else
                    sequence.push(value);
            }
            return sequence;
        }
        if (is_inherited && !hasOwn.call(input, key))
            return undefined;
        const value = input[key];
        return value === undefined || isFunction(input) ? undefined : value;
    }

    function evaluateName(expr, input) {
        return lookupName(input, expr.value, expr.inherited);
    }

    function evaluateVariable(expr, input, environment) {
        if (expr.value === '')
            return input && input.outerWrapper ? input[0] : input;
        return environment.lookup(expr.value);
    }

    /* ---- operators ------------------------------------------------------------------------------------------------------ */

    function areFinite(lhs, rhs) {
        return typeof lhs === 'number' && typeof rhs === 'number' && lhs - lhs === 0 && rhs - rhs === 0;
    }

    function evaluateOperator(expr, lhs, rhs, environment) {
        const op = expr.value;
        switch (op) {
        case '+':
            return areFinite(lhs, rhs) ? lhs + rhs : evaluateNumericExpression(lhs, rhs, op);
        case '-':
            return areFinite(lhs, rhs) ? lhs - rhs : evaluateNumericExpression(lhs, rhs, op);
        case '*':
            return areFinite(lhs, rhs) ? lhs * rhs : evaluateNumericExpression(lhs, rhs, op);
        case '/':
        case '%':
            return evaluateNumericExpression(lhs, rhs, op);
        case '=':
        case '!=':
            return evaluateEqualityExpression(lhs, rhs, op);
        case '<':
        case '<=':
        case '>':
        case '>=':
            return evaluateComparisonExpression(lhs, rhs, op);
        case '&':
            return evaluateStringConcat(lhs, rhs);
        case '..':
            return evaluateRangeExpression(lhs, rhs, environment);
        case 'in':
            return evaluateIncludesExpression(lhs, rhs);
        }
        return undefined;
    }

    function evaluateBinary(expr, input, environment) {
        const op = expr.value, is_logic = op === 'and' || op === 'or';
        const lhs = evaluate(expr.lhs, input, environment);
        const rhs = is_logic ? undefined : evaluate(expr.rhs, input, environment);
        try {
            return is_logic ? evaluateBooleanExpression(lhs, () => evaluate(expr.rhs, input, environment), op)
                            : evaluateOperator(expr, lhs, rhs, environment);
        } catch (err) {
            err.position = expr.position;
            err.token = op;
            throw err;
        }
    }

    /* ---- calls ---------------------------------------------------------------------------------------------------------- */

    function evaluateArgument(expr, input, environment) {
        const value = evaluate(expr, input, environment);
        if (!isFunction(value))
            return value;
        const closure = (...params) => apply(value, params, null, environment);
        closure.arity = getFunctionArity(value);
        return closure;
    }

    function evaluateFunction(expr, input, environment, applyto) {
        const procedure = expr.procedure;
        const proc = evaluate(procedure, input, environment);
        const name = procedure.type === 'path' ? procedure.steps[0].value : procedure.value;
        const args = [];

        if (proc === undefined && procedure.type === 'path' && environment.lookup(name))
            throw {code: 'T1005', stack: (new Error()).stack, position: expr.position, token: name}; /* `sum` for `$sum` */
        if (applyto !== undefined)
            args.push(applyto.context);
        for (let i = 0; i < expr.arguments.length; i++)
            args.push(evaluateArgument(expr.arguments[i], input, environment));
        try {
            if (typeof proc === 'object') {
                proc.token = name;
                proc.position = expr.position;
            }
            return apply(proc, args, input, environment);
        } catch (err) {
            if (!err.position)
                err.position = expr.position;
            if (!err.token)
                err.token = name;
            throw err;
        }
    }

    function applyNative(proc, args, input, environment) {
        const focus = {environment, input, options: environment.base.options, createSequence};
        const result = proc.implementation.apply(focus, args);
        return isIterable(result) ? result.next().value : result;
    }

    function applyInner(proc, args, input, environment) {
        try {
            const validated = proc && proc.signature !== undefined ? proc.signature.validate(args, input) : args;
            if (isLambda(proc))
                return applyProcedure(proc, validated);
            if (proc && proc._jsonata_function === true)
                return applyNative(proc, validated, input, environment);
            if (typeof proc === 'function')
                return proc.apply(input, validated);
            throw {code: 'T1006', stack: (new Error()).stack};
        } catch (err) {
            if (proc) {
                if (err.token === undefined && proc.token !== undefined)
                    err.token = proc.token;
                err.position = proc.position || err.position;
            }
            throw err;
        }
    }

    function applyProcedure(proc, args) {
        const environment = createFrame(proc.environment);
        for (let i = 0; i < proc.arguments.length; i++)
            environment.bind(proc.arguments[i].value, args[i]);
        return typeof proc.body === 'function' ? applyNativeFunction(proc.body, environment)
                                               : evaluate(proc.body, proc.input, environment);
    }

    /* ---- an expression -------------------------------------------------------------------------------------------------- */

    /* What the package has in the outermost scope of each run. No two are under way at once. */
    const run = {options: undefined, createSequence, RegexEngine: RegExp, depth: 0, depth_max: Infinity, began: null};
    run.base = run; /* so that no scope can be written as JSON, as in the package */

    /* Around all expressions: the package's functions, those of the time, and what jsonata.assign() adds. */
    let common = null;

    function commonScope() {
        if (common === null) {
            common = createFrame(staticFrame);
            common.bind('now', defineFunction((picture, timezone) => datetime.fromMillis(began(run).getTime(), picture, timezone), '<s?s?:s>'));
            common.bind('millis', defineFunction(() => began(run).getTime(), '<:n>'));
        }
        return common;
    }

    /* A tree without its parser: the tokens in it inherit from the parser's table of symbols, nearly half of what an expression would
     * keep. Regular expressions and signatures stay what they are. */
    function freed(node, copies) {
        const plain = typeof node === 'object' && node !== null && !(node instanceof RegExp) && node.validate === undefined;
        if (!plain)
            return node;
        let copy = copies.get(node);
        if (copy !== undefined)
            return copy;
        copy = Array.isArray(node) ? [] : {};
        copies.set(node, copy);
        for (const key of Object.keys(node))
            copy[key] = freed(node[key], copies);
        return copy;
    }

    jsonata.assign = (name, value) => commonScope().bind(name, value);

    function jsonata(text, options) {
        let ast;
        try {
            ast = parser(text, false);
        } catch (err) {
            populateMessage(err);
            throw err;
        }
        delete ast.errors;
        ast = freed(ast, new Map());

        /* bindings without a prototype are taken as they are. */
        function evaluateBound(input, bindings) {
            const around = createFrame(commonScope()), base = createFrame(around);
            around.bindings = bindings && Object.getPrototypeOf(bindings) === null ? bindings : Object.assign(Object.create(null), bindings);
            base.base = run;
            run.options = options;
            run.depth = 0;
            run.depth_max = options && options.stack > 0 ? options.stack : Infinity;
            run.began = null;
            if (input !== undefined)
                base.bind('$', input);
            if (Array.isArray(input) && !isSequence(input)) {
                input = createSequence(input);
                input.outerWrapper = true;
            }
            try {
                return evaluate(ast, input, base);
            } catch (err) {
                populateMessage(err);
                throw err;
            }
        }

        return {evaluate: evaluateBound, ast: () => ast};
    }

