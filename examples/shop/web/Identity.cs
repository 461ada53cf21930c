namespace Shop.Web;

static class Identity
{
    /// <summary>This instance's name, if whoever started it gave it one.</summary>
    public static readonly string Name = Environment.GetEnvironmentVariable("MAINSTAY_INSTANCE") ?? $"web-{Environment.ProcessId}";
}
