using static Mainstay.Observe.Query.Prom.PromRow;

namespace Mainstay.Observe.Query.Prom;

/// <summary>What stands between two sides.</summary>
static class PromBinary
{
    public static IReadOnlyList<PromRow> Evaluate(BinaryNode node, IReadOnlyList<PromRow> left, IReadOnlyList<PromRow> right, int steps) =>
        node.Left.Type == PromType.Scalar || node.Right.Type == PromType.Scalar ? WithScalar(node, left, right)
        : node.Operator >= PromOperator.And ? Set(node, left, right, steps)
        : Match(node, left, right, steps);

    static bool IsComparison(PromOperator op) => op is >= PromOperator.Equal and <= PromOperator.LessOrEqual;

    static double Calculate(PromOperator op, double a, double b) => op switch
    {
        PromOperator.Add => a + b,
        PromOperator.Subtract => a - b,
        PromOperator.Multiply => a * b,
        PromOperator.Divide => a / b,
        PromOperator.Modulo => a % b,
        PromOperator.Power => Math.Pow(a, b),
        _ => Math.Atan2(a, b),
    };

    static bool Compare(PromOperator op, double a, double b) => op switch
    {
        PromOperator.Equal => a == b,
        PromOperator.NotEqual => a != b,
        PromOperator.Greater => a > b,
        PromOperator.Less => a < b,
        PromOperator.GreaterOrEqual => a >= b,
        _ => a <= b,
    };

    static double Value(BinaryNode node, double a, double b, double kept) =>
        !IsComparison(node.Operator) ? Calculate(node.Operator, a, b)
        : node.ReturnsBool ? Compare(node.Operator, a, b) ? 1 : 0
        : Compare(node.Operator, a, b) ? kept : Absent;

    static bool DropsName(BinaryNode node) => !IsComparison(node.Operator) || node.ReturnsBool;

    // What a comparison lets through is the vector's value, on whichever side it stands.
    static List<PromRow> WithScalar(BinaryNode node, IReadOnlyList<PromRow> left, IReadOnlyList<PromRow> right)
    {
        var result = new List<PromRow>();
        var scalarLeft = node.Left.Type == PromType.Scalar;
        var scalar = (scalarLeft ? left : right)[0].Values;
        foreach (var row in scalarLeft ? right : left)
        {
            var made = Empty(DropsName(node) ? row.Labels.Nameless() : row.Labels, scalar.Length);
            for (var i = 0; i < scalar.Length; i++)
            {
                if (Has(row.Values[i]))
                {
                    made.Values[i] = scalarLeft ? Value(node, scalar[i], row.Values[i], row.Values[i]) : Value(node, row.Values[i], scalar[i], row.Values[i]);
                }
            }

            result.Add(made);
        }

        return PromMath.Present(result);
    }

    static string Signature(PromLabels labels, PromMatching matching) =>
        (matching.On ? labels.Only(matching.Labels) : labels.Without([.. matching.Labels, PromLabels.NameLabel])).Key;

    static List<PromRow> Set(BinaryNode node, IReadOnlyList<PromRow> left, IReadOnlyList<PromRow> right, int steps)
    {
        var (result, others) = (new List<PromRow>(), (node.Operator == PromOperator.Or ? left : right).ToLookup(r => Signature(r.Labels, node.Matching), StringComparer.Ordinal));
        if (node.Operator == PromOperator.Or)
        {
            result.AddRange(left);
        }

        foreach (var row in node.Operator == PromOperator.Or ? right : left)
        {
            var found = others[Signature(row.Labels, node.Matching)].ToArray();
            var made = Empty(row.Labels, steps);
            for (var i = 0; i < steps; i++)
            {
                var matched = Array.Exists(found, o => Has(o.Values[i]));
                if (matched == (node.Operator == PromOperator.And))
                {
                    made.Values[i] = row.Values[i];
                }
            }

            result.Add(made);
        }

        return PromMath.Present(result);
    }

    static List<PromRow> Match(BinaryNode node, IReadOnlyList<PromRow> left, IReadOnlyList<PromRow> right, int steps)
    {
        var matching = node.Matching;
        var manyIsLeft = matching.Many <= 0;
        var (many, one) = manyIsLeft ? (left, right) : (right, left);
        var ones = one.ToLookup(r => Signature(r.Labels, matching), StringComparer.Ordinal);
        var made = new Dictionary<PromLabels, PromRow>();
        var taken = new Dictionary<string, bool[]>(StringComparer.Ordinal);
        foreach (var row in many)
        {
            var signature = Signature(row.Labels, matching);
            var others = ones[signature].ToArray();
            if (others.Length == 0)
            {
                continue;
            }

            if (matching.Many == 0 && !taken.ContainsKey(signature))
            {
                taken[signature] = new bool[steps];
            }

            for (var i = 0; i < steps; i++)
            {
                var other = Only(node, others, i);
                if (!Has(row.Values[i]) || other is null)
                {
                    continue;
                }

                var (a, b) = manyIsLeft ? (row.Values[i], other.Values[i]) : (other.Values[i], row.Values[i]);
                var value = Value(node, a, b, a);
                if (matching.Many == 0)
                {
                    Claim(node, taken[signature], i);
                }

                if (Has(value))
                {
                    Put(node, made, Labels(node, row.Labels, other.Labels), i, value, steps);
                }
            }
        }

        return [.. made.Values];
    }

    static PromRow? Only(BinaryNode node, PromRow[] others, int step)
    {
        PromRow? found = null;
        foreach (var other in others)
        {
            if (Has(other.Values[step]))
            {
                found = found is null ? other : throw new PromStop(new(
                    $"several series of one side match: {found.Labels} and {other.Labels}; {(node.Matching.Many == 0 ? "use on, ignoring or group_left" : "group_left and group_right need one series on the other side")}", node.At));
            }
        }

        return found;
    }

    static void Claim(BinaryNode node, bool[] taken, int step)
    {
        if (taken[step])
        {
            throw new PromStop(new("several series of the left side match one of the right; use group_left", node.At));
        }

        taken[step] = true;
    }

    static void Put(BinaryNode node, Dictionary<PromLabels, PromRow> made, PromLabels labels, int step, double value, int steps)
    {
        if (!made.TryGetValue(labels, out var row))
        {
            made[labels] = row = Empty(labels, steps);
        }

        if (Has(row.Values[step]))
        {
            throw new PromStop(new($"several results would be named {labels}; keep more labels apart", node.At));
        }

        row.Values[step] = value;
    }

    static PromLabels Labels(BinaryNode node, PromLabels many, PromLabels one)
    {
        var matching = node.Matching;
        var labels = DropsName(node) ? many.Nameless() : many;
        if (matching.Many == 0)
        {
            labels = matching.On ? labels.Only(matching.Labels) : labels.Without(matching.Labels);
        }

        foreach (var include in matching.Include)
        {
            labels = labels.With(include, one[include]);
        }

        return labels;
    }
}
