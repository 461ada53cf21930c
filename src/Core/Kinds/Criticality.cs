namespace Mainstay.Core.Kinds;

/// <summary>How much the business depends on a service (OpenTelemetry's <c>service.criticality</c>). Overload sheds the lowest first.</summary>
public enum Criticality
{
    /// <summary>Can be absent for hours without a user being hurt.</summary>
    Low,

    /// <summary>The default.</summary>
    Medium,

    /// <summary>Its absence is noticed by many users at once.</summary>
    High,

    /// <summary>Without it the business stands still.</summary>
    Critical,
}
