namespace Mainstay.Observe.Query.Prom;

/// <summary>Reads an expression of the query language of Prometheus. Pure; what is wrong is a value with its place.</summary>
public sealed partial class PromParser
{
    /// <summary>The longest text, in characters.</summary>
    public const int MostText = 16_384;

    /// <summary>The deepest nesting.</summary>
    public const int MostDepth = 100;

    /// <summary>The most operators of one expression: a chain of them is as deep as it is long.</summary>
    public const int MostOperators = 500;

    /// <summary>The longest range, in milliseconds: five years.</summary>
    public const long MostRangeMs = 5L * 365 * 86_400_000;

    readonly PromLexer lexer;
    PromToken token;
    PromFault? fault;
    int depth;
    int operators;

    PromParser(string text)
    {
        lexer = new(text);
        token = lexer.Next();
    }

    /// <summary>Reads an expression.</summary>
    /// <returns>The expression, or what is wrong with the text.</returns>
    public static (PromNode? Node, PromFault? Fault) Parse(string text)
    {
        if (text.Length > MostText)
        {
            return (null, new($"the expression is longer than {MostText} characters"));
        }

        var parser = new PromParser(text);
        var node = parser.Expression(0);
        if (node is not null && parser.token.Kind != PromTokenKind.End)
        {
            parser.Fail($"'{parser.token.Text}' is not expected here", parser.token.At);
        }

        var wrong = parser.lexer.Fault ?? parser.fault;
        return wrong is null ? (node, null) : (null, wrong);
    }

    // From the loosest to the tightest; ^ binds to the right, everything else to the left.
    static (PromOperator Operator, int Binds)? OperatorOf(in PromToken token) => token.Kind switch
    {
        PromTokenKind.Symbol => token.Text switch
        {
            "==" => (PromOperator.Equal, 3),
            "!=" => (PromOperator.NotEqual, 3),
            ">" => (PromOperator.Greater, 3),
            "<" => (PromOperator.Less, 3),
            ">=" => (PromOperator.GreaterOrEqual, 3),
            "<=" => (PromOperator.LessOrEqual, 3),
            "+" => (PromOperator.Add, 4),
            "-" => (PromOperator.Subtract, 4),
            "*" => (PromOperator.Multiply, 5),
            "/" => (PromOperator.Divide, 5),
            "%" => (PromOperator.Modulo, 5),
            "^" => (PromOperator.Power, 6),
            _ => null,
        },
        PromTokenKind.Name => token.Text.ToLowerInvariant() switch
        {
            "or" => (PromOperator.Or, 1),
            "and" => (PromOperator.And, 2),
            "unless" => (PromOperator.Unless, 2),
            "atan2" => (PromOperator.Atan2, 5),
            _ => null,
        },
        _ => null,
    };

    PromNode? Expression(int least)
    {
        if (++depth > MostDepth)
        {
            return Fail($"it is nested deeper than {MostDepth}", token.At);
        }

        var left = Unary();
        while (left is not null && OperatorOf(token) is { } found && found.Binds >= least)
        {
            var at = token.At;
            if (++operators > MostOperators)
            {
                return Fail($"more than {MostOperators} operators", at);
            }

            Advance();
            left = Binary(left, found.Operator, found.Binds, at);
        }

        depth--;
        return left;
    }

    PromNode? Binary(PromNode left, PromOperator op, int binds, int at)
    {
        var isComparison = op is >= PromOperator.Equal and <= PromOperator.LessOrEqual;
        var isSet = op >= PromOperator.And;
        var returnsBool = false;
        if (token.IsWord("bool"))
        {
            if (!isComparison)
            {
                return Fail("bool stands behind comparisons alone", token.At);
            }

            returnsBool = true;
            Advance();
        }

        var matched = token.IsWord("on") || token.IsWord("ignoring");
        var matching = matched ? Matching(isSet) : PromMatching.All;
        if (matching is null || Expression(op == PromOperator.Power ? binds : binds + 1) is not { } right)
        {
            return null;
        }

        foreach (var side in (PromNode[])[left, right])
        {
            if (side.Type is not (PromType.Scalar or PromType.Instant))
            {
                return Fail("an operator stands between numbers and instant vectors alone", side.At);
            }
        }

        var scalars = (left.Type == PromType.Scalar ? 1 : 0) + (right.Type == PromType.Scalar ? 1 : 0);
        return isSet && scalars > 0 ? Fail("and, or and unless stand between vectors alone", at)
            : isComparison && scalars == 2 && !returnsBool ? Fail("a comparison of two numbers needs bool", at)
            : matched && scalars > 0 ? Fail("on and ignoring stand between vectors alone", at)
            : new BinaryNode(at, op, left, right, matching, returnsBool, scalars == 2 ? PromType.Scalar : PromType.Instant);
    }

    PromMatching? Matching(bool isSet)
    {
        var on = token.IsWord("on");
        Advance();
        if (Names() is not { } labels)
        {
            return null;
        }

        var many = token.IsWord("group_left") ? -1 : token.IsWord("group_right") ? 1 : 0;
        if (many == 0)
        {
            return new(on, labels, 0, []);
        }

        if (isSet)
        {
            Fail("and, or and unless take no grouping", token.At);
            return null;
        }

        var at = token.At;
        Advance();
        IReadOnlyList<string>? include = token.Is("(") ? Names() : [];
        if (on && include?.Intersect(labels).FirstOrDefault() is { } twice)
        {
            Fail($"'{twice}' stands in both on and the grouping", at);
            return null;
        }

        return include is null ? null : new(on, labels, many, include);
    }

    PromNode? Unary()
    {
        if (!token.Is("-") && !token.Is("+"))
        {
            return Suffixed();
        }

        var (at, negative) = (token.At, token.Is("-"));
        Advance();

        // Tighter than * and looser than ^: -1^2 is -(1^2).
        var inner = Expression(6);
        return inner is null ? null
            : inner.Type is not (PromType.Scalar or PromType.Instant) ? Fail("a sign stands before numbers and instant vectors alone", at)
            : !negative ? inner : inner is NumberNode number ? number with { At = at, Value = -number.Value } : new NegativeNode(at, inner);
    }

    PromNode? Suffixed()
    {
        var node = Primary();
        while (node is not null)
        {
            if (token.Is("["))
            {
                node = Range(node);
            }
            else if (token.IsWord("offset") || token.Is("@"))
            {
                node = Shifted(node);
            }
            else
            {
                break;
            }
        }

        return node;
    }

    PromNode? Primary()
    {
        var at = token.At;
        switch (token.Kind)
        {
            case PromTokenKind.Number:
                return Take(new NumberNode(at, token.Value));
            case PromTokenKind.Duration:
                return Take(new NumberNode(at, token.Value / 1000));
            case PromTokenKind.Text:
                return Take(new TextNode(at, token.Text));
            case PromTokenKind.Name:
                return Named();
            case PromTokenKind.Symbol when token.Text == "{":
                return Selector(at, null);
            case PromTokenKind.Symbol when token.Text == "(":
                Advance();
                var inner = Expression(0);
                return inner is not null && Expect(")") ? inner : null;
            default:
                return Fail(token.Kind == PromTokenKind.End ? "an expression is expected here" : $"'{token.Text}' is not expected here", at);
        }
    }

    PromNode? Named()
    {
        var (at, name) = (token.At, token.Text);
        var lower = name.ToLowerInvariant();
        Advance();
        if (PromFunctions.Aggregations.Contains(lower) && (token.Is("(") || token.IsWord("by") || token.IsWord("without")))
        {
            return Aggregate(at, lower);
        }

        return token.Is("(") ? Call(at, name) : Selector(at, name);
    }

    PromNode? Aggregate(int at, string name)
    {
        var (labels, without) = Grouping();
        if (labels is null || !Expect("("))
        {
            return null;
        }

        PromNode? parameter = null;
        if (PromFunctions.TakesParameter(name))
        {
            parameter = Expression(0);
            if (parameter is null || !Expect(","))
            {
                return null;
            }

            if (parameter.Type != (name == "count_values" ? PromType.Text : PromType.Scalar))
            {
                return Fail($"{name} takes a {(name == "count_values" ? "text" : "number")} first", parameter.At);
            }
        }

        if (Expression(0) is not { } inner || !Expect(")"))
        {
            return null;
        }

        if (inner.Type != PromType.Instant)
        {
            return Fail($"{name} takes an instant vector", inner.At);
        }

        if (labels.Count == 0 && !without)
        {
            (labels, without) = Grouping();
        }

        return labels is null ? null : new AggregateNode(at, name, inner, parameter, labels, without);
    }

    (IReadOnlyList<string>? Labels, bool Without) Grouping()
    {
        if (!token.IsWord("by") && !token.IsWord("without"))
        {
            return ([], false);
        }

        var without = token.IsWord("without");
        Advance();
        return (Names(), without);
    }

    PromNode? Call(int at, string name)
    {
        if (PromFunctions.Find(name) is not { } function)
        {
            return Fail($"there is no function '{name}' here", at);
        }

        Advance();
        var args = new List<PromNode>();
        while (!token.Is(")"))
        {
            if (args.Count > 0 && !Expect(","))
            {
                return null;
            }

            if (Expression(0) is not { } arg)
            {
                return null;
            }

            args.Add(arg);
        }

        Advance();
        var most = function.Repeats ? int.MaxValue : function.Args.Count;
        if (args.Count < function.Args.Count - function.Optional || args.Count > most)
        {
            return Fail($"{name} takes {function.Args.Count - function.Optional}{(most == function.Args.Count - function.Optional ? "" : " or more")} arguments, not {args.Count}", at);
        }

        for (var i = 0; i < args.Count; i++)
        {
            var wanted = function.Args[Math.Min(i, function.Args.Count - 1)];
            if (args[i].Type != wanted)
            {
                return Fail($"{name} takes {Word(wanted)} here, not {Word(args[i].Type)}", args[i].At);
            }
        }

        return new CallNode(at, function, args);
    }

    static string Word(PromType type) => type switch
    {
        PromType.Scalar => "a number",
        PromType.Text => "a text",
        PromType.Range => "a range vector such as m[5m]",
        _ => "an instant vector",
    };

    PromNode Take(PromNode node)
    {
        Advance();
        return node;
    }

    bool Expect(string symbol)
    {
        if (token.Is(symbol))
        {
            Advance();
            return true;
        }

        Fail(token.Kind == PromTokenKind.End ? $"'{symbol}' is missing at the end" : $"'{symbol}' is expected here, not '{token.Text}'", token.At);
        return false;
    }

    void Advance() => token = lexer.Next();

    PromNode? Fail(string what, int at)
    {
        fault ??= new(what, at);
        return null;
    }
}
