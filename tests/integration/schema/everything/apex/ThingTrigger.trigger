trigger ThingTrigger on Thing__c (before insert) {
    for (Thing__c each : Trigger.new) {
        if (each.A_Number__c == null) {
            each.A_Number__c = 0;
        }
    }
}
