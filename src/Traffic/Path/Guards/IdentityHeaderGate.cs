namespace Mainstay.Traffic.Path.Guards;

/// <summary>On a route without a guard: takes away the headers in which guards of other routes tell services who asks.</summary>
internal sealed class IdentityHeaderGate(byte[][] names) : Gate("identity-headers")
{
    public override Verdict Enter(Exchange x, int slot)
    {
        x.Request.CutNamed(x.HeadBytes, names);
        return Verdict.Pass;
    }

    public override Opinion Peek(Exchange x) => new(Verdict.Pass, $"{string.Join(", ", names.Select(System.Text.Encoding.ASCII.GetString))} from clients are removed");
}
