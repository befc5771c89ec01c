trigger SubscriptionTrigger on Subscription__c (before insert, before update) {
    for (Subscription__c each : Trigger.new) {
        if (each.Seats__c == null) {
            each.Seats__c = 1;
        }
    }
}
