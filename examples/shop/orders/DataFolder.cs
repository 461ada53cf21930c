namespace Shop.Orders;

static class DataFolder
{
    /// <summary>The folder that was configured (<c>~/</c> is the home folder), or the user's own data folder when none was.</summary>
    public static string From(string? configured, string service)
    {
        if (string.IsNullOrWhiteSpace(configured))
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "shop", service);
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return configured.StartsWith("~/", StringComparison.Ordinal) ? Path.Combine(home, configured[2..]) : Path.GetFullPath(configured);
    }
}
