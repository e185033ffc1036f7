/* quick_signature.js -- into the jsonata package's signatures, by deploy/jsonata: arguments that are of their parameters' kinds, each
 * of its own, are what the package's way through a regular expression gives back too. Everything else goes that way. */

    function isOfKind(value, kind) {
        switch (kind) {
        case 's':
            return typeof value === 'string';
        case 'n':
            return typeof value === 'number';
        case 'b':
            return typeof value === 'boolean';
        case 'o':
            return typeof value === 'object' && value !== null && !Array.isArray(value) && !utils.isFunction(value);
        case 'a':
            return Array.isArray(value) && !utils.isFunction(value);
        case 'f':
            return utils.isFunction(value);
        case 'x':
            return value !== undefined;
        }
        return false;
    }

    /* An array's items are of the kind that its parameter names. */
    function areOfKind(items, kind) {
        if (kind.length !== 1 || kind === 'x')
            return items.length === 0;
        for (let i = 0; i < items.length; i++)
            if (!isOfKind(items[i], kind))
                return false;
        return true;
    }

    function isExact(params, args) {
        if (args.length !== params.length)
            return false;
        for (let i = 0; i < params.length; i++) {
            const param = params[i];
            if (param.regex.endsWith('+') || !isOfKind(args[i], param.type))
                return false;
            if (param.type === 'a' && param.subtype !== undefined && !areOfKind(args[i], param.subtype))
                return false;
        }
        return true;
    }

